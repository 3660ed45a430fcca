// Pool.Terminate: stops all of a pool's jobs, and its workers.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::terminate_pool(const CallPtr& call) {
  const auto request = proto::read_terminate_pool(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const CorePool* pool = pool_or_error(*call, request->pool);
  if (pool == nullptr) return;
  engine_.dispatcher().drain_all();  // what has ended is not stopped
  engine_.tell(TerminatePool{pool->record.number, request->grace.value_or(Microseconds::max())});
  reply_when_stored(call);
}

}  // namespace jobpool::broker
