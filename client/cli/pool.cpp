// jobpool pool: the verbs behind it, and what they share.
#include "client/cli/pool.hpp"

#include <array>

#include "client/cli/tell.hpp"
#include "client/cli/verb_group.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 1> kOpen{"open"};

constexpr std::array<Verb, 10> kPoolVerbs{{
    {"create", {}, "make a pool with workers of its own", run_pool_create},
    {"list", {}, "all pools", run_pool_list},
    {"show", {}, "everything known of a pool, and its workers", run_pool_show},
    {"resize", {}, "another number of workers, at once; 0 drains it", run_pool_resize},
    {"pause", {}, "start nothing more", run_pool_pause},
    {"resume", kOpen, "start again; reopens a closed or terminated pool", run_pool_resume},
    {"delete", {}, "remove a pool that is closed and joined", run_pool_delete},
    {"close", {}, "take no more jobs (also: jobpool close)", run_close},
    {"terminate", {}, "stop all of its jobs (also: jobpool terminate)", run_terminate},
    {"join", {}, "wait until its workers have left (also: jobpool join)", run_join},
}};

}  // namespace

std::span<const Verb> pool_verbs() { return kPoolVerbs; }

int run_pool(Context& context, Words words) {
  return run_verb_group(context, words, "pool",
                        {"pool VERB …", "Pools: each has a name, workers of its own, and a queue.", "jobpool pool create images -j 4"},
                        kPoolVerbs);
}

std::string pool_name_fault(std::string_view name) {
  static_assert(proto::kMaxPoolNameBytes == proto::kMaxQueueNameBytes);
  if (proto::is_queue_name(name) && name.front() != '-') return {};
  return "'" + printable(name) + "' is no pool's name: 1 to 64 letters, digits, '.', '_' or '-', the first one no '-'";
}

void declare_pool(Options& options, std::string_view placeholder, std::string_view help, std::string& pool) {
  options.value("--pool", placeholder, help, [&pool](std::string_view given) -> Result<void> {
    if (std::string fault = pool_name_fault(given); !fault.empty()) return Error{Errc::invalid_argument, std::move(fault)};
    pool = given;
    return {};
  });
}

int tell_pool(Context& context, const Options& options, const Options::Parsed& parsed, std::string_view method) {
  if (parsed.operands.size() > 1) return options.misused("this verb takes one pool");
  const std::string pool = parsed.operands.empty() ? std::string{proto::kDefaultPool} : parsed.operands.front();
  if (const std::string fault = pool_name_fault(pool); !fault.empty()) return options.misused(fault);
  const Result<client::Reply> reply = context.ask(method, proto::write_pool_name(pool));
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
