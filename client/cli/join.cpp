// jobpool join: waits until a pool's workers have left, as multiprocessing's Pool.join().
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_join(Context& context, Words words) {
  Options options(context,
                  {"join [options] [POOL]",
                   "Waits until all workers of a closed or terminated pool ('default' when not named) have left, and all of its jobs\n"
                   "have ended. For a pool that takes jobs it is an error.",
                   "jobpool close images && jobpool join images --timeout 1h"});
  std::optional<Microseconds> timeout;
  options.duration("--timeout", "T", "give up after T with exit code 124; the pool goes on", timeout);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() > 1) return options.misused("join takes one pool");
  proto::JoinPoolRequest request;
  if (!parsed.operands.empty()) request.pool = parsed.operands.front();
  if (const std::string fault = pool_name_fault(request.pool); !fault.empty()) return options.misused(fault);
  const Result<client::Reply> reply = context.wait("org.jobpool.Pool.Join", timeout, [&request](std::optional<Microseconds> left) {
    request.timeout = left;
    return proto::write_join_pool(request);
  });
  if (!reply) return fail(reply.error());
  const Result<bool> joined = proto::read_flag("joined", reply->parameters);
  if (!joined) return fail(joined.error());
  if (context.json) return print(reply->parameters.tree().dump() + "\n", *joined ? 0 : kExitTimedOut);
  if (!*joined) return fail(Error{Errc::timed_out, "pool '" + request.pool + "': its workers have not left yet; it goes on"});
  return 0;
}

}  // namespace jobpool::cli
