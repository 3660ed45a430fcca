// Options to the terms of a Submission.
#include "client/cli/terms_options.hpp"

#include "client/cli/context.hpp"
#include "client/cli/point_of_time.hpp"
#include "client/cli/selector.hpp"

namespace jobpool::cli {
namespace {

// Words of selectors, tried now so that a slip is told as one, and resolved when all options are known.
auto collect_into(std::vector<std::string>& words) {
  return [&words](std::string_view given) -> Result<void> {
    words.emplace_back(given);
    if (auto parsed = parse_selection(Words{&words.back(), 1}); !parsed) return parsed.error();
    return {};
  };
}

Result<void> take_if_full(std::string_view given, std::optional<proto::IfFull>& target) {
  if (given != "block" && given != "fail") return Error{Errc::invalid_argument, "write block or fail"};
  target = given == "block" ? proto::IfFull::block : proto::IfFull::fail;
  return {};
}

}  // namespace

void TermsOptions::declare(Options& options) {
  options.flag("--durable",
               "on disk before it is accepted: it outlives the daemon and the host;\n"
               "its input is empty unless --stdin says otherwise, its output is kept by the daemon",
               durable_);
  options.flag("--ephemeral", "not written to disk: faster, and gone with the daemon", ephemeral_);
  options.integer("--priority", "N", "-1000 to 1000, higher first; 0 when absent", {proto::kLowestPriority, proto::kHighestPriority},
                  priority_);
  options.duration("--delay", "D", "wait so long first: 90, 1.5m, 1h30m", delay_);
  options.value("--at", "TIME", "not before: 18:00 (the next), 2026-11-24T18:00[:00][Z|+01:00], @EPOCH", [this](std::string_view given) {
    const Result<std::int64_t> usec = parse_time(given, wall_usec());
    if (usec) at_usec_ = *usec;
    return usec ? Result<void>{} : usec.error();
  });
  options.value("--after", "ID[,ID]", "when these have succeeded (3,5-8, last); skipped when one does not", collect_into(after_));
  options.value("--after-any", "ID[,ID]", "when these have ended, however", collect_into(after_any_));
  options.value("--after-failed", "ID[,ID]", "when these have ended, and none of them well; skipped else", collect_into(after_failed_));
  options.integer("--retries", "N", "so many more attempts when it does not succeed; 0 when absent", {0, proto::kMaxRetries}, retries_);
  options.duration("--backoff", "D", "before the first retry; doubles each time, up to 1h; 1s when absent", backoff_);
  options.duration("--timeout", "D", "stop an attempt that runs longer: timed_out, exit code 124", timeout_);
  options.value("--if-full", "block|fail", "a full queue: wait for room (apply's way), or exit code 75 (apply-async's)",
                [this](std::string_view given) { return take_if_full(given, if_full_); });
}

Result<void> TermsOptions::fill(Context& context, proto::Submission& job) const {
  if (durable_ && ephemeral_) return Error{Errc::invalid_argument, "--durable and --ephemeral exclude each other"};
  if (delay_ && at_usec_) return Error{Errc::invalid_argument, "--delay and --at exclude each other"};
  if (backoff_ && *backoff_ > proto::kMaxBackoff) return Error{Errc::invalid_argument, "--backoff is at most 1h"};
  if (durable_ || ephemeral_) job.durable = durable_;
  job.priority = priority_.value_or(job.priority);
  job.delay = delay_.value_or(job.delay);
  job.at_usec = at_usec_;
  job.retries = retries_.value_or(job.retries);
  job.backoff = backoff_.value_or(job.backoff);
  job.timeout = timeout_.value_or(job.timeout);
  job.if_full = if_full_;
  return fill_dependencies(context, job);
}

Result<void> TermsOptions::fill_dependencies(Context& context, proto::Submission& job) const {
  const auto select = [&context](const std::vector<std::string>& words) {
    return words.empty() ? Result<std::vector<JobId>>{std::vector<JobId>{}} : context.select(words);
  };
  Result<std::vector<JobId>> after = select(after_);
  if (!after) return after.error();
  Result<std::vector<JobId>> after_any = select(after_any_);
  if (!after_any) return after_any.error();
  Result<std::vector<JobId>> after_failed = select(after_failed_);
  if (!after_failed) return after_failed.error();
  if (after->size() + after_any->size() + after_failed->size() > proto::kMaxDependencies)
    return Error{Errc::invalid_argument, "a job comes after " + std::to_string(proto::kMaxDependencies) + " others at most"};
  job.after = std::move(*after);
  job.after_any = std::move(*after_any);
  job.after_failed = std::move(*after_failed);
  return {};
}

}  // namespace jobpool::cli
