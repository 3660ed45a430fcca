// Hello: who is there. Status: counts.
#include <unistd.h>

#include <utility>

#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "proto/version.hpp"

namespace jobpool::broker {
namespace {

void add_mean_times(proto::PoolStatus& view, const PoolCounts& counts) {
  const auto jobs = static_cast<std::int64_t>(counts.lives.jobs);
  if (jobs == 0) return;
  view.ready_time_usec = counts.lives.ready_usec / jobs;
  view.running_time_usec = counts.lives.running_usec / jobs;
  view.waiting_time_usec = counts.lives.waiting_usec / jobs;
}

}  // namespace

void Verbs::hello(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  call->reply(proto::write_hello({std::string{version()},
                                  surroundings_.instance,
                                  ::getppid(),
                                  ::getpid(),
                                  surroundings_.since_usec,
                                  {std::string{proto::kUnderstandsInherited}}}));
}

void Verbs::status(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  engine_.dispatcher().drain_all();
  proto::Status status;
  status.version = version();
  status.instance = surroundings_.instance;
  status.uptime_usec = boot_usec() - surroundings_.since_usec;
  status.connections = static_cast<std::int64_t>(surroundings_.connections());
  status.worker_restarts = static_cast<std::int64_t>(engine_.ledger().worker_restarts());
  status.broker_restarts = surroundings_.broker_restarts;
  status.reloads = surroundings_.reloads;
  status.failed_reloads = surroundings_.failed_reloads;
  if (const std::int64_t retiring = surroundings_.workers_retiring ? surroundings_.workers_retiring() : 0; retiring > 0)
    status.workers_retiring = retiring;
  status.draining = engine_.core().draining();
  status.rescued_wakeups = engine_.dispatcher().rescued_wakeups();
  engine_.core().pools().each([&](const CorePool& pool) {
    if (pool.record.deleted) return;
    proto::PoolStatus& view = status.pools.emplace_back(pool_status_view(pool));
    show_waiting_at_queues(view, pool.record.number);
    if (const PoolCounts* counts = engine_.stats().find(pool.record.number)) add_mean_times(view, *counts);
  });
  call->reply(proto::write_status(status));
}

}  // namespace jobpool::broker
