// jobpool wait: until all named jobs have ended, as AsyncResult.wait: how they ended is not its business.
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_wait(Context& context, Words words) {
  Options options(context, {"wait [options] ID…", "Waits until all these jobs have ended; exit code 0 however they did.",
                            "jobpool wait 3,5-8 --timeout 1m"});
  std::optional<Microseconds> timeout;
  options.duration("--timeout", "T", "give up after T with exit code 124; the jobs go on", timeout);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused(kNoJobsNamed);
  const Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());

  const auto request = [&ids](std::optional<Microseconds> left) { return proto::write_wait(proto::WaitRequest{*ids, left}); };
  const Result<client::Reply> reply = context.wait("org.jobpool.Job.Wait", timeout, request);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
