// jobpool cancel: stops jobs for good, with every process that they started.
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

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
  const Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());
  const std::string request = proto::write_cancel(proto::CancelRequest{*ids, now});
  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Cancel", request, client::Resend::always);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
