// Pool.Show: everything known of one pool, its workers too.
#include <algorithm>

#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

const char* state_of_worker(const CoreWorker& worker) {
  if (worker.starting) return "starting";
  if (worker.leaving || worker.condemned) return "leaving";
  return worker.in_flight.empty() ? "idle" : "running";
}

}  // namespace

void Verbs::show_pool(const CallPtr& call) {
  engine_.dispatcher().drain_all();
  const CorePool* pool = only_pool(*call);
  if (pool == nullptr) return;
  proto::PoolInfo view = pool_view(*pool, engine_.core());
  show_waiting_at_queues(view, pool->record.number);
  for (const auto& [incarnation, worker] : pool->workers) {
    proto::PoolWorker one;
    one.number = worker.number.value;
    one.pid = engine_.dispatcher().pid(incarnation);
    one.state = state_of_worker(worker);
    if (!worker.in_flight.empty()) one.job = worker.in_flight.front();
    if (pool->record.settings.threads > 1) one.jobs = worker.in_flight;
    one.tasks = static_cast<std::int64_t>(worker.tasks);
    view.worker_list.push_back(std::move(one));
  }
  std::ranges::sort(view.worker_list, {}, &proto::PoolWorker::number);
  call->reply(proto::write_pool(view));
}

}  // namespace jobpool::broker
