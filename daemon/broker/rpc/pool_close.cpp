// Pool.Close: no more jobs; the workers leave when all are done.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::close_pool(const CallPtr& call) {
  const CorePool* pool = only_pool(*call);
  if (pool == nullptr) return;
  engine_.tell(ClosePool{pool->record.number});
  reply_when_stored(call);
}

}  // namespace jobpool::broker
