// Pool.List: all pools with their settings and counts.
#include <vector>

#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::list_pools(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  engine_.dispatcher().drain_all();
  std::vector<proto::PoolInfo> pools;
  engine_.core().pools().each([&](const CorePool& pool) {
    if (pool.record.deleted) return;
    proto::PoolInfo& view = pools.emplace_back(pool_view(pool, engine_.core()));
    show_waiting_at_queues(view, pool.record.number);
  });
  call->reply(proto::write_pools(pools));
}

}  // namespace jobpool::broker
