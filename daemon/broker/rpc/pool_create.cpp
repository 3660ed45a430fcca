// Pool.Create: a pool with a name, workers and settings of its own.
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::create_pool(const CallPtr& call) {
  auto request = proto::read_create_pool(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const PoolTable& pools = engine_.core().pools();
  if (pools.find(request->name) != nullptr) return call->error(proto::error::kPoolExists, proto::one_field("pool", request->name));
  if (request->name == proto::kProcessPool)
    return invalid_pool(*call, "name",
                        "the pool of processes is made by the first `jobpool process start`, with the settings that they need");
  if (pools.size() >= kMaxPools)
    return invalid_pool(*call, "name",
                        "there are as many pools as there may be (" + std::to_string(kMaxPools) +
                            ", with deleted ones whose jobs are remembered); delete one, and remove its jobs");
  if (request->min.value_or(0) > request->workers) return invalid_pool(*call, "min", "no more workers can stay than there are");
  const auto workers = static_cast<std::uint32_t>(request->workers);
  if (!has_room_for(workers, nullptr))
    return invalid_pool(*call, "workers", "all pools together have at most " + std::to_string(kMaxWorkers) + " workers");
  if (engine_.core().store_is_full())
    return call->error(proto::error::kStoreFull, proto::one_field("reason", "the disk is full: no new pools; make room"));
  PoolSettings settings;
  settings.name = std::move(request->name);
  settings.size = workers;
  settings.threads = static_cast<std::uint32_t>(request->threads.value_or(1));
  if (request->min) settings.min = static_cast<std::uint32_t>(*request->min);
  if (request->idle_time) settings.idle_time = *request->idle_time;
  settings.max_tasks = static_cast<std::uint32_t>(request->max_tasks.value_or(0));
  settings.memory_bytes = static_cast<std::uint64_t>(request->memory_bytes.value_or(0));
  settings.initializer = std::move(request->initializer);
  settings.arguments = std::move(request->arguments);
  engine_.tell(CreatePool{std::move(settings)});
  reply_when_stored(call);
}

}  // namespace jobpool::broker
