// jobpool terminate: stops all of a pool's jobs and its workers, as multiprocessing's Pool.terminate().
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_terminate(Context& context, Words words) {
  Options options(context,
                  {"terminate [options] [POOL]",
                   "Stops everything in a pool ('default' when not named): jobs that have not started are cancelled, running ones\n"
                   "get TERM and, after their grace, KILL, with every descendant. Returns when that has begun; 'jobpool join' waits\n"
                   "for the end, 'jobpool pool resume' reopens it.",
                   "jobpool terminate images --grace 2s"});
  std::optional<Microseconds> grace;
  options.duration("--grace", "T", "give no job more time than this between TERM and KILL", grace);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() > 1) return options.misused("terminate takes one pool");
  proto::TerminatePoolRequest request;
  if (!parsed.operands.empty()) request.pool = parsed.operands.front();
  if (const std::string fault = pool_name_fault(request.pool); !fault.empty()) return options.misused(fault);
  request.grace = grace;
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Terminate", proto::write_terminate_pool(request));
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
