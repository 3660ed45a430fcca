// jobpool map: a command or a function for each item, as multiprocessing's Pool.map (in order) and imap_unordered (--stream).
#include <unistd.h>
#include <algorithm>

#include "client/cli/ending_output.hpp"
#include "client/cli/exit_code.hpp"
#include "client/cli/function_arguments.hpp"
#include "client/cli/item_source.hpp"
#include "client/cli/map_run.hpp"
#include "client/cli/replacement.hpp"
#include "client/cli/submission_options.hpp"
#include "client/cli/table.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

constexpr int kMostCountedFailures = 100;  // exit codes up to here are the number of failures, the next one means more
constexpr std::size_t kMostShownFailures = 100;
constexpr int kUsualSlots = 16;
constexpr std::size_t kUsualBufferPerSlot = 16;

std::string shown(const Item& item) {
  std::string text;
  for (const std::string& column : item.columns) text += (text.empty() ? "" : " ") + printable(column);
  return text;
}

// What stderr hears when all is over.
class Failures {
 public:
  Failures() {
    table_.column("item", Table::Align::right);
    table_.column("job", Table::Align::right);
    table_.column("exit", Table::Align::right);
    table_.column("of");
    table_.column("why");
  }
  void add(const Item& item, std::string_view job, int code, std::string_view why) {
    if (++count_ <= kMostShownFailures)
      table_.row({{std::to_string(item.number)}, {std::string{job}}, {std::to_string(code)}, {shown(item)}, {printable(why)}});
  }
  void tell_of(std::size_t all) const {
    if (count_ == 0) return;
    tell(std::to_string(count_) + " of " + std::to_string(all) + " failed:");
    (void)write_all(STDERR_FILENO, table_.text());
    if (count_ > kMostShownFailures) tell("and " + std::to_string(count_ - kMostShownFailures) + " more");
  }
  int exit_code() const { return static_cast<int>(std::min<std::size_t>(count_, kMostCountedFailures + 1)); }

 private:
  Table table_;
  std::size_t count_ = 0;
};

// The submission of an item, from that of the words with their places still empty.
Result<proto::Submission> submission_for(const Item& item, const proto::Submission& common, const Template& words) {
  proto::Submission job = common;
  job.key += "-" + std::to_string(item.number);
  if (!job.function) {
    job.command = words.fill(item);
    return job;
  }
  Result<std::string> arguments = function_arguments(words.fill(item));
  if (!arguments) return arguments.error();
  job.arguments = std::move(*arguments);
  return job;
}

Result<void> show_end(Context& context, const MapRun::End& end, ResultForm form) {
  if (!context.json) return show_output(context, *end.ending, form);
  nlohmann::json object = proto::ending_object(*end.ending);
  object["item"] = end.item.number;
  return write_all(STDOUT_FILENO, object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// The end of this process cancels what is under way. To wait for that instead could take as long as it runs, or as whoever writes our
// stdin.
[[noreturn]] void leave(const Error& error) { ::_exit(fail(error)); }

int show_all(Context& context, MapRun& run, ResultForm form) {
  Failures failures;
  for (std::size_t all = 0;; ++all) {
    auto end = run.next();
    if (!end) leave(end.error());
    if (!*end) {
      failures.tell_of(all);
      return failures.exit_code();
    }
    const Result<proto::Ending>& ending = (*end)->ending;
    if (!ending && ending.error().code != Errc::invalid_argument) leave(ending.error());  // the daemon, not this item
    if (!ending) {
      failures.add((*end)->item, "", kExitUsage, ending.error().text);
      continue;
    }
    if (auto written = show_end(context, **end, form); !written) leave(written.error());
    if (const int code = exit_code(*ending); code != 0)
      failures.add((*end)->item, std::to_string(ending->id.value), code, ending_message(*ending));
  }
}

int print_plan(ItemSource& source, const std::string& function, const Template& words) {
  for (std::size_t number = 1;; ++number) {
    auto columns = source.next();
    if (!columns) return fail(columns.error());
    if (!*columns) return 0;
    std::string line = function.empty() ? "" : "@" + function;
    for (const std::string& word : words.fill({std::move(**columns), number, 1})) line += (line.empty() ? "" : " ") + word;
    if (auto written = write_all(STDOUT_FILENO, line + "\n"); !written) return fail(written.error());
  }
}

}  // namespace

int run_map(Context& context, Words words) {
  Options options(
      context,
      {"map [options] [--] COMMAND… | @FUNCTION… [::: ITEM…] [:::: FILE…]",
       "Runs a command or a function once for each item, several at a time, and writes what they gave in the items' order. Items\n"
       "are the words behind :::, the lines of files behind ::::, or the lines of stdin; several inputs are combined, :::+ links\n"
       "one to the input before it. In the command, {} is the item ({1} {2} of several), {.} without extension, {/} its base\n"
       "name, {//} its folder, {/.} both, {#} its number, {%} its slot; without any of these it is added at the end.\n"
       "Exit code: how many failed, 101 for more than 100; which ones is told on stderr.",
       "jobpool map @square ::: 1 2 3      ls *.png | jobpool map -- convert {} {.}.jpg"},
      Options::Operands::end_options);
  SubmissionOptions submission;
  bool stream = false, keep_order = false, raw = false, null_separated = false, dry_run = false;
  std::optional<int> slots, buffer, chunk;
  std::string file;
  submission.declare(options);
  options.text("-a, --arg-file", "FILE", "an input as :::: FILE", file);
  options.flag("-0, --null", "items in files end with a zero byte instead of a line's end", null_separated);
  options.flag("--stream", "write what an item gave as soon as it has ended", stream);
  options.flag("-k, --keep-order", "with --stream: in the items' order all the same", keep_order);
  options.integer("-n, --chunk", "N", "items to a job; 1 is all there is today", {1, 1}, chunk);
  options.integer("-j, --slots", "N", "how many are submitted at once; 16 when absent", {1, 1000}, slots);
  options.integer("--buffer", "N", "how many items are read ahead of the first that has not ended", {1, 1'000'000}, buffer);
  options.flag("--raw", "print results that are strings without their quotes", raw);
  options.flag("--dry-run", "print what would run, and run nothing", dry_run);
  Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  auto source = ItemSource::take(parsed.operands, file, null_separated ? '\0' : '\n');
  if (!source) return source.error().code == Errc::invalid_argument ? options.misused(source.error().text) : fail(source.error());
  if (parsed.operands.empty()) return options.misused("name a command or a @function to run for each item");

  Result<SubmissionCall> call = submission.build(context, parsed, OwnStreams::none);
  if (!call) return call.error().code == Errc::invalid_argument ? options.misused(call.error().text) : fail(call.error());
  if (!call->fds.empty()) return options.misused("--output is for one job; here each item's output is written to stdout");
  const bool is_function = call->job.function.has_value();
  const Template filled(std::vector<std::string>(parsed.operands.begin() + (is_function ? 1 : 0), parsed.operands.end()));
  if (dry_run) return print_plan(*source, call->job.function.value_or(""), filled);

  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  const auto count = static_cast<std::size_t>(slots.value_or(kUsualSlots));
  (*connections)->keep_idle(count);
  const std::size_t ahead = buffer ? std::max(static_cast<std::size_t>(*buffer), count) : count * kUsualBufferPerSlot;
  MapRun run(
      **connections, std::move(*source), [&](const Item& item) { return submission_for(item, call->job, filled); },
      stream && !keep_order ? Order::as_they_come : Order::of_items, count, ahead);
  return show_all(context, run, raw ? ResultForm::raw : ResultForm::json);
}

int run_imap_unordered(Context& context, Words words) {
  std::vector<std::string> all{"--stream"};
  all.insert(all.end(), words.begin(), words.end());
  return run_map(context, all);
}

}  // namespace jobpool::cli
