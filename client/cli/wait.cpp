// jobpool wait: until all named jobs have ended, as AsyncResult.wait: how they ended is not its business.
#include <algorithm>

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

  // One call after the other, where they are more than one takes: all have ended when the last of these has been answered.
  const TimePoint deadline = client::deadline_after(timeout);
  for (auto from = ids->begin(); from != ids->end();) {
    const auto to = from + std::min<std::ptrdiff_t>(ids->end() - from, proto::kMaxIds);
    const std::vector<JobId> part(from, to);
    const auto request = [&part](std::optional<Microseconds> left) { return proto::write_wait(proto::WaitRequest{part, left}); };
    const Result<client::Reply> reply = context.wait("org.jobpool.Job.Wait", timeout, request);
    if (!reply) return fail(reply.error());
    if (deadline != client::kNever) timeout = std::chrono::duration_cast<Microseconds>(deadline - Clock::now());
    from = to;
  }
  return context.json ? print("{}\n") : 0;
}

}  // namespace jobpool::cli
