// See map_options.hpp.
#include "client/cli/map_options.hpp"

#include <utility>

namespace jobpool::cli {

void MapOptions::declare(Options& options) {
  options.text("-a, --arg-file", "FILE", "an input as :::: FILE", file_);
  options.flag("-0, --null", "items in files end with a zero byte instead of a line's end", null_separated_);
  options.value("--colsep", "REGEX", "cut each item into columns {1} {2} … where this stands; \\t is a tab",
                [this](std::string_view given) {
                  Result<ColumnSeparator> compiled = ColumnSeparator::compile(given);
                  if (!compiled) return Result<void>{compiled.error()};
                  columns_ = std::move(*compiled);
                  return Result<void>{};
                });
  options.flag("--stream", "write what an item gave as soon as it has ended", stream);
  options.flag("-k, --keep-order", "with --stream: in the items' order all the same", keep_order);
  options.integer("-n, --chunk", "N", "items to a job: of a function they are run in one go, of a command they stand on one command line",
                  {1, 1'000'000}, chunk);
  options.integer("-j, --slots", "N", "how many jobs are submitted at once; two for each worker when absent, of commands at least 16",
                  {1, 1000}, slots);
  options.integer("--buffer", "N", "how many items are read ahead of the first that has not ended", {1, 1'000'000}, buffer);
  options.value("--halt", "RULE",
                "end early: now or soon, a comma, and fail, success or done=N or N%, as in soon,fail=3; never when absent",
                [this](std::string_view given) {
                  const Result<HaltRule> rule = HaltRule::parse(given);
                  if (!rule) return Result<void>{rule.error()};
                  halt = *rule;
                  halts = true;
                  return Result<void>{};
                });
  options.text("--joblog", "FILE", "write a line for each item that has ended, in GNU parallel's columns", job_log);
  options.flag("--resume", "pass over the items that the job log has", resume_all_);
  options.flag("--resume-failed", "pass over those of them that succeeded", resume_failed_);
  options.flag("--tag", "begin each line of output with its item and a tab", tag);
  options.flag("--bar", "show how far it is, on a terminal's stderr", bar);
  options.flag("--raw", "print results that are strings without their quotes", raw);
  options.flag("--dry-run", "print what would run, and run nothing", dry_run);
  options.flag("--async", "submit all of it as one durable batch and print its id; 'get ID' gives the results", async);
}

Result<void> MapOptions::check() const {
  const auto misused = [](const char* what) { return Error{Errc::invalid_argument, what}; };
  if ((resume_all_ || resume_failed_) && job_log.empty()) return misused("--resume reads the job log: name it with --joblog");
  if (async && (stream || tag || bar || halts || !job_log.empty() || slots || buffer || raw))
    return misused("--async only submits: --stream, --tag, --bar, --halt, --joblog, -j, --buffer and --raw make no sense with it");
  return {};
}

// Each job has the key, with the number of its first item, and of its attempt, behind it.
Result<void> MapOptions::check_key(const proto::Submission& job, bool is_keyed) const {
  constexpr std::size_t kNumbers = 24, kRoom = proto::kMaxKeyBytes - kNumbers;
  if (!is_keyed || async) return {};
  if (job.key.size() > kRoom) return Error{Errc::invalid_argument, "the key of a map has " + std::to_string(kRoom) + " bytes at most"};
  if (!job.function || chunk || job.timeout > Microseconds{0}) return {};
  return Error{Errc::invalid_argument,
               "--unique needs -n with a function: how many items a job has would follow from how long they take, and the same map would "
               "be other jobs each time"};
}

ItemSource::Form MapOptions::take_form() {
  return {.file = file_, .separator = null_separated_ ? '\0' : '\n', .columns = std::exchange(columns_, std::nullopt)};
}

}  // namespace jobpool::cli
