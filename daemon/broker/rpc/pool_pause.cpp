// Pool.Pause: nothing starts any more. Pool.Resume: it does again, also in a pool that was closed or terminated.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::pause_pool(const CallPtr& call) {
  const CorePool* pool = only_pool(*call);
  if (pool == nullptr) return;
  engine_.tell(PausePool{pool->record.number});
  reply_when_stored(call);
}

void Verbs::resume_pool(const CallPtr& call) {
  const CorePool* pool = only_pool(*call);
  if (pool == nullptr) return;
  if (engine_.core().draining()) return pool_error(*call, proto::error::kPoolNotRunning, pool->record.settings.name, kGoingDown);
  const PoolNumber number = pool->record.number;
  engine_.tell(ResumePool{number});
  joiners_.tell(number, Joiners::News::reopened);
  reply_when_stored(call);
}

}  // namespace jobpool::broker
