// Metrics: all that a monitoring system collects, in one snapshot.
#include "proto/metrics_messages.hpp"

#include <algorithm>

#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/stats_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "proto/version.hpp"

namespace jobpool::broker {
namespace {

proto::Times times_view(const Histogram& histogram) {
  proto::Times view;
  view.sum_usec = static_cast<std::int64_t>(histogram.sum_usec());
  for (const std::uint64_t count : histogram.between_bounds()) view.counts.push_back(static_cast<std::int64_t>(count));
  return view;
}

}  // namespace

void Verbs::metrics(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  engine_.dispatcher().drain_all();
  const Stats& counted_by = engine_.stats();
  const std::int64_t second = engine_.second(engine_.now());
  proto::Metrics view;
  view.version = version();
  view.since_usec = engine_.since_usec();
  view.uptime_usec = boot_usec() - surroundings_.since_usec;
  view.connections = static_cast<std::int64_t>(surroundings_.connections());
  view.events_listeners = static_cast<std::int64_t>(feed_.listeners());
  view.refused = static_cast<std::int64_t>(counted_by.refusals());
  view.worker_restarts = static_cast<std::int64_t>(engine_.ledger().worker_restarts());
  view.broker_restarts = surroundings_.broker_restarts;
  view.rescued_wakeups = engine_.dispatcher().rescued_wakeups();
  if (surroundings_.store_use) view.store = surroundings_.store_use();
  for (const Microseconds bound : Histogram::bounds()) view.bounds_usec.push_back(bound.count());
  view.commits = times_view(engine_.journal().commit_times());
  const PoolCounts nothing;
  engine_.core().pools().each([&](const CorePool& pool) {
    if (pool.record.deleted) return;
    const PoolCounts* found = counted_by.find(pool.record.number);
    const PoolCounts& counts = found == nullptr ? nothing : *found;
    proto::PoolMetrics& of_pool = view.pools.emplace_back();
    of_pool.status = pool_status_view(pool);
    show_waiting_at_queues(of_pool.status, pool.record.number);
    of_pool.stats = stats_view(pool.record.settings.name, counts, second);
    of_pool.queueing = times_view(counts.queueing);
    of_pool.running = times_view(counts.running);
    of_pool.end_to_end = times_view(counts.end_to_end);
  });
  call->reply(proto::write_metrics(view));
}

}  // namespace jobpool::broker
