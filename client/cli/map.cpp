// jobpool map: a command or a function for each item, as multiprocessing's Pool.map (in order), imap_unordered (--stream) and map_async
// (--async).
#include <unistd.h>

#include <algorithm>

#include "client/cli/interrupt_watch.hpp"
#include "client/cli/map_batch.hpp"
#include "client/cli/map_options.hpp"
#include "client/cli/map_report.hpp"
#include "client/cli/map_show.hpp"
#include "client/cli/map_work.hpp"
#include "client/cli/quoted_line.hpp"
#include "client/cli/submission_options.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/inherited.hpp"
#include "client/lib/parallel_run.hpp"
#include "proto/json_writer.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kCallsPerWorker = 2, kLeastCalls = 4, kMostCalls = 256;  // of functions: one runs, one is on its way
constexpr std::size_t kLeastCommands = 16;
constexpr std::size_t kUsualBufferPerSlot = 16;  // jobs; of functions fewer, since each is a chunk
constexpr std::size_t kUsualChunksPerSlot = 2;

// How it is cut and how much of it is under way.
struct MapScale {
  std::size_t slots = 1, buffer = 1;  // jobs
  MapTerms terms;
};

MapScale scale_of(const MapOptions& options, proto::Submission job, std::size_t workers, std::optional<std::size_t> items) {
  const bool is_function = job.function.has_value();
  MapScale scale;
  const std::size_t usual = is_function ? std::clamp(workers * kCallsPerWorker, kLeastCalls, kMostCalls)
                                        : std::clamp(workers * kCallsPerWorker, kLeastCommands, kMostCalls);
  scale.slots = options.slots ? static_cast<std::size_t>(*options.slots) : usual;
  if (options.chunk)
    scale.terms.chunk = static_cast<std::size_t>(*options.chunk);
  else if (is_function && job.timeout > Microseconds{0})
    scale.terms.chunk = 1;  // the time-out is that of an item
  else if (is_function && items)
    scale.terms.chunk = client::chunk_size_for(*items, workers);
  scale.buffer = scale.slots * (is_function ? kUsualChunksPerSlot : kUsualBufferPerSlot);
  if (options.buffer) {
    const auto buffer = static_cast<std::size_t>(*options.buffer);
    scale.terms.most_in_chunk = std::max<std::size_t>(buffer / scale.slots, 1);
    if (is_function && !options.chunk)
      scale.terms.chunk = std::min(scale.terms.chunk.value_or(scale.terms.most_in_chunk), scale.terms.most_in_chunk);
    scale.buffer = std::max(buffer / scale.terms.chunk.value_or(1), scale.slots);
  }
  scale.terms.job = std::move(job);
  return scale;
}

std::string plan_line(const Context& context, const Item& item, const std::vector<std::string>& command) {
  if (!context.json) return quoted_line(command) + "\n";
  std::string line;
  proto::ObjectWriter object(line);
  object.integer("item", static_cast<std::int64_t>(item.number));
  object.words("command", command);
  object.close();
  return line + "\n";
}

int print_plan(const Context& context, MapWork& work) {
  for (;;) {
    auto task = work.read(1);
    if (!task) return fail(task.error());
    if (!*task) return 0;
    std::string lines;
    for (const Item& item : (*task)->items) lines += plan_line(context, item, work.command_of(item));
    if (auto written = write_all(STDOUT_FILENO, lines); !written) return fail(written.error());
  }
}

int run_items(Context& context, MapOptions& options, ItemSource source, proto::Submission job, const Template& words) {
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  if (auto settled = client::settle_inherited(**connections, job, client::kNever); !settled) return fail(settled.error());
  if (options.halt.needs_total())
    if (auto loaded = source.load(); !loaded) return fail(loaded.error());
  std::optional<std::size_t> total = source.count();
  std::optional<JobLog> log;
  if (!options.job_log.empty()) {
    Result<JobLog> opened = JobLog::open(options.job_log, options.resume());
    if (!opened) return fail(opened.error());
    log.emplace(std::move(*opened));
  }
  const Result<std::size_t> workers = client::workers_of(**connections, job.pool);
  if (!workers) return fail(workers.error());
  const bool is_command = !job.function;
  MapScale scale = scale_of(options, std::move(job), *workers, total);
  // What ends of a command is a command line, which may be of several items.
  if (total && is_command) total = (*total + scale.terms.chunk.value_or(1) - 1) / scale.terms.chunk.value_or(1);
  if (total) options.halt.set_total(*total);
  (*connections)->keep_idle(scale.slots);

  InterruptWatch::block();
  OutputHolder holder(**connections);
  OutputHolder* const outputs = context.json || !is_command ? nullptr : &holder;
  MapWork work(*connections, std::move(source), words, std::move(scale.terms), log ? &*log : nullptr, -1, outputs);
  ProgressBar bar(options.bar ? ProgressBar::Wanted::yes : ProgressBar::Wanted::no);
  bar.set_total(total);
  MapReport report(context, work, outputs, log ? &*log : nullptr, bar, options.halt,
                   {options.raw ? ResultForm::raw : ResultForm::json, options.tag});
  const auto order = options.stream && !options.keep_order ? client::Order::as_they_come : client::Order::as_they_come_in_window;
  MapRun run([&work](std::size_t slot) { return work.read(slot); }, [&work](const MapTask& task) { return work.perform(task); }, order,
             scale.slots, scale.buffer);
  const InterruptWatch watch([&run] { run.interrupt(Error{Errc::interrupted, "interrupted"}); });
  return MapShow(run, report, bar, order, total).to_the_end();
}

// What cannot be asked of a batch; empty: nothing of the kind was.
std::string_view batch_fault(const proto::Submission& job) {
  if (!job.durable.value_or(true)) return "--async and --ephemeral exclude each other: a batch is always on disk";
  if (job.if_full == proto::IfFull::block) return "--async and --if-full block exclude each other: a batch is taken whole or not at all";
  return {};
}

constexpr std::string_view kPurpose =
    "Runs a command or a function once for each item, several at a time, and writes what they gave in the items' order. Items\n"
    "are the words behind :::, the lines of files behind ::::, or the lines of stdin; several inputs are combined, :::+ links\n"
    "one to the input before it. In the command, {} is the item ({1} {2} of several), {.} without extension, {/} its base\n"
    "name, {//} its folder, {/.} both, {#} its number, {%} its slot; where none of these is the item, it is added at the end.\n"
    "Items of a function go in chunks (-n): about four for each worker where their number is known, else as many as take\n"
    "about 20 ms; with --timeout one at a time. --retries tries those of them again that failed.\n"
    "Exit code: how many failed, 101 for more than 100; which ones is told on stderr. Ctrl-C: cancels what runs.";

}  // namespace

int run_map(Context& context, Words words) {
  Options options(context,
                  {"map [options] [--] COMMAND… | @FUNCTION… [::: ITEM…] [:::: FILE…]", kPurpose,
                   "jobpool map @square ::: 1 2 3      ls *.png | jobpool map -- convert {} {.}.jpg"},
                  Options::Operands::end_options);
  SubmissionOptions submission;
  MapOptions own;
  submission.declare(options);
  own.declare(options);
  Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (auto checked = own.check(); !checked) return options.misused(checked.error().text);
  auto source = ItemSource::take(parsed.operands, own.take_form());
  if (!source) return source.error().code == Errc::invalid_argument ? options.misused(source.error().text) : fail(source.error());
  if (parsed.operands.empty()) return options.misused("name a command or a @function to run for each item");

  if (submission.names_output()) return options.misused("--output is for one job; here each item's output is written to stdout");
  Result<SubmissionCall> call = submission.build(context, parsed, OwnStreams::none);
  if (!call) return call.error().code == Errc::invalid_argument ? options.misused(call.error().text) : fail(call.error());
  const bool is_function = call->job.function.has_value();
  const Template filled(std::vector<std::string>(parsed.operands.begin() + (is_function ? 1 : 0), parsed.operands.end()));
  if (const std::string_view fault = own.async ? batch_fault(call->job) : ""; !fault.empty()) return options.misused(fault);
  if (auto checked = own.check_key(call->job, submission.is_keyed()); !checked) return options.misused(checked.error().text);
  call->job.arguments = "[]";
  if (own.dry_run) {
    MapScale scale = scale_of(own, std::move(call->job), 1, source->count());
    MapWork work(nullptr, std::move(*source), filled, std::move(scale.terms), nullptr, -1);
    return print_plan(context, work);
  }
  if (!own.async) return run_items(context, own, std::move(*source), std::move(call->job), filled);
  return submit_batch(context, std::move(*source), filled, std::move(call->job), static_cast<std::size_t>(own.chunk.value_or(0)));
}

int run_imap_unordered(Context& context, Words words) {
  std::vector<std::string> all{"--stream"};
  all.insert(all.end(), words.begin(), words.end());
  return run_map(context, all);
}

}  // namespace jobpool::cli
