// jobpool pool create: a pool with a name, workers and settings of its own.
#include <sched.h>

#include <algorithm>

#include "client/cli/byte_size.hpp"
#include "client/cli/function_arguments.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

// Those that this process may use, as Python's Pool() has it.
int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

Result<void> take_memory(std::string_view given, std::optional<std::int64_t>& bytes) {
  const Result<std::int64_t> size = parse_byte_size(given);
  if (!size) return size.error();
  if (*size < proto::kMinMemoryBytes)
    return Error{Errc::invalid_argument, "a worker needs at least " + show_byte_size(proto::kMinMemoryBytes)};
  bytes = *size;
  return {};
}

// The words behind the pool's name are the initializer's.
Result<void> fill_initializer(const std::string& function, Words words, proto::CreatePoolRequest& request) {
  if (function.empty() && !words.empty())
    return Error{Errc::invalid_argument,
                 "'" + printable(words.front()) + "': arguments are for an initializer; name it with --init @FUNCTION"};
  if (function.empty()) return {};
  if (!function.starts_with('@') || function.size() < 2)
    return Error{Errc::invalid_argument, "an initializer is a function: write --init @" + printable(function)};
  if (!proto::is_protocol_text(function)) return Error{Errc::invalid_argument, "--init: a function's name is UTF-8, and this one is not"};
  request.initializer = function.substr(1);
  Result<std::string> arguments = function_arguments(words);
  if (!arguments) return arguments.error();
  request.arguments = std::move(*arguments);
  return {};
}

}  // namespace

int run_pool_create(Context& context, Words words) {
  Options options(context,
                  {"pool create [options] NAME [JSON…]",
                   "Makes a pool. Its settings and state are kept on disk, until it is deleted. The words behind its name are the\n"
                   "arguments of its initializer.",
                   "jobpool pool create images -j 4 --init @load_model --max-tasks-per-worker 1000 '\"small\"'"});
  proto::CreatePoolRequest request;
  std::optional<int> workers;
  std::string initializer;
  options.integer("-j, --workers", "N", "how many workers; the usable cores when absent", {0, static_cast<int>(kMaxWorkers)}, workers);
  options.integer("--threads", "K", "run K functions in each worker side by side: cheaper, without isolation; no commands then",
                  {1, proto::kMaxThreadsPerWorker}, request.threads);
  options.integer("--min", "M", "so many stay when there is nothing to do; all when absent", {0, static_cast<int>(kMaxWorkers)},
                  request.min);
  options.duration("--idle-time", "T", "with --min: how long the others stay; 1m when absent", request.idle_time);
  options.text("--init", "@FUNCTION", "runs in each fresh worker before its first job", initializer);
  options.integer("--max-tasks-per-worker", "K", "replace a worker after K jobs, a tenth more or less", {1, proto::kMaxTasksPerWorker},
                  request.max_tasks);
  options.value("--memory", "SIZE", "what a worker and each process it starts may allocate: 512M, 2G",
                [&request](std::string_view given) { return take_memory(given, request.memory_bytes); });
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which name is the pool to have?");
  if (request.idle_time && !request.min) return options.misused("--idle-time says when workers above --min M leave: give that too");
  request.name = parsed.operands.front();
  if (const std::string fault = pool_name_fault(request.name); !fault.empty()) return options.misused(fault);
  request.workers = workers.value_or(usable_cores());
  if (request.min.value_or(0) > request.workers)
    return options.misused("--min " + std::to_string(*request.min) + ": of " + std::to_string(request.workers) +
                           " workers no more can stay; --workers says how many there are");
  if (const Result<void> filled = fill_initializer(initializer, Words{parsed.operands}.subspan(1), request); !filled)
    return options.misused(filled.error().text);
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Create", proto::write_create_pool(request), client::Resend::never);
  if (!reply && reply.error().code == Errc::already_exists && request.name == proto::kDefaultPool)  // and nobody can delete it
    return fail(Error{Errc::already_exists, "pool 'default': is there always; 'jobpool pool resize' changes its size"});
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
