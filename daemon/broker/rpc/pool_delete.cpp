// Pool.Delete: removes a pool that is closed or terminated and has no workers any more.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::delete_pool(const CallPtr& call) {
  const CorePool* pool = only_pool(*call);
  if (pool == nullptr) return;
  const std::string name = pool->record.settings.name;
  const auto refuse = [&](const std::string& reason) { pool_error(*call, proto::error::kPoolStillRunning, name, reason); };
  if (pool->record.number == kDefaultPoolNumber) return refuse("it is always there; it can be closed, not deleted");
  if (pool->record.state == PoolState::running)
    return refuse("it takes jobs; close it first with: jobpool close " + name + " (or stop its jobs too with: jobpool terminate " + name +
                  ")");
  if (!pool->has_left()) return refuse("its workers have not left yet; wait for that with: jobpool join " + name);
  engine_.tell(DeletePool{pool->record.number});
  announce_end_of_pool(name, "deleted");
  reply_when_stored(call);
}

}  // namespace jobpool::broker
