// Pool.Resize: another number of workers, while jobs go on.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::resize_pool(const CallPtr& call) {
  const auto request = proto::read_resize_pool(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const CorePool* pool = pool_or_error(*call, request->pool);
  if (pool == nullptr) return;
  const PoolNumber number = pool->record.number;
  if (!request->workers && number != kDefaultPoolNumber)
    return invalid_pool(*call, "workers", "only the pool 'default' has a number of workers in the daemon's configuration; say how many");
  std::optional<std::uint32_t> size;
  if (request->workers) size = static_cast<std::uint32_t>(*request->workers);
  if (size && !has_room_for(*size, pool))
    return invalid_pool(*call, "workers", "all pools together have at most " + std::to_string(kMaxWorkers) + " workers");
  engine_.tell(ResizePool{number, size});
  reply_when_stored(call);
}

}  // namespace jobpool::broker
