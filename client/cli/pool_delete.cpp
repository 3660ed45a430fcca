// jobpool pool delete: removes a pool that is closed or terminated and has no workers any more.
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {

int run_pool_delete(Context& context, Words words) {
  Options options(context, {"pool delete [options] POOL",
                            "Removes a pool that was closed or terminated and joined. Its ended jobs stay, and can be collected.",
                            "jobpool pool delete images"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("pool delete needs a pool");
  if (parsed.operands.size() > 1) return options.misused("pool delete takes one pool");
  if (const std::string fault = pool_name_fault(parsed.operands.front()); !fault.empty()) return options.misused(fault);
  const Result<client::Reply> reply =
      context.ask("org.jobpool.Pool.Delete", proto::write_pool_name(parsed.operands.front()), client::Resend::never);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
