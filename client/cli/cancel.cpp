// jobpool cancel: stops jobs for good, with every process that they started.
#include <algorithm>

#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

// The one that the daemon does not know; nullopt: the reply is no such error.
std::optional<JobId> missing_job(const client::Reply& reply) {
  if (reply.error != proto::error::kNoSuchJob) return std::nullopt;
  const auto id = proto::JsonText{reply.parameters}.member("id");
  const std::optional<std::int64_t> number = id ? id->integer() : std::nullopt;
  return number ? std::optional{JobId{static_cast<std::uint64_t>(*number)}} : std::nullopt;
}

struct Cancelled {
  std::vector<JobId> jobs;
  int code = 0;
};

// In one call. The daemon cancels nothing while one of them is missing: that one is told, and the others are asked for again.
// False: nothing more is to be asked.
bool cancel(Context& context, std::vector<JobId> ids, bool now, Cancelled& done) {
  while (!ids.empty()) {
    const std::string request = proto::write_cancel(proto::CancelRequest{ids, now});
    const Result<client::Reply> reply = context.hear("org.jobpool.Job.Cancel", request, client::Resend::always);
    if (reply && reply->error.empty()) {
      const Result<std::vector<JobId>> jobs = proto::read_ids("cancelled", reply->parameters);
      if (!jobs) {
        done.code = fail(jobs.error());
        return false;
      }
      done.jobs.insert(done.jobs.begin(), jobs->begin(), jobs->end());
      return true;
    }
    done.code = fail(reply ? client::describe_error(*reply) : reply.error());
    const std::optional<JobId> missing = reply ? missing_job(*reply) : std::nullopt;
    if (!missing || std::erase(ids, *missing) == 0) return false;
  }
  return true;
}

}  // namespace

int run_cancel(Context& context, Words words) {
  Options options(context, {"cancel [options] ID…",
                            "Stops jobs for good: those not started never start, running ones get TERM and, after their grace, KILL.\n"
                            "Returns when all have ended. A job that had ended before stays as it was.",
                            "jobpool cancel 3,5-8"});
  bool now = false;
  options.flag("--now", "KILL at once", now);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused(kNoJobsNamed);
  Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());

  // Of more than one call takes the last first: they are to be cancelled, not to start, while what runs has its grace.
  Cancelled done;
  while (!ids->empty()) {
    const auto first = ids->end() - static_cast<std::ptrdiff_t>(std::min(ids->size(), proto::kMaxIds));
    if (!cancel(context, {first, ids->end()}, now, done)) return done.code;
    ids->erase(first, ids->end());
  }
  return context.json ? print(proto::write_ids("cancelled", done.jobs) + "\n", done.code) : done.code;
}

}  // namespace jobpool::cli
