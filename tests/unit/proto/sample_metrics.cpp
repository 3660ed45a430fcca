// The values of the samples of Metrics.
#include "tests/unit/proto/samples.hpp"

namespace jobpool::proto {

Metrics full_metrics() {
  Metrics metrics;
  metrics.version = "0.1.0";
  metrics.since_usec = 1'700'000'000'000'000;
  metrics.uptime_usec = 86'400'000'000;
  metrics.connections = 3;
  metrics.events_listeners = 1;
  metrics.refused = 4;
  metrics.worker_restarts = 2;
  metrics.broker_restarts = 1;
  metrics.rescued_wakeups = 0;
  metrics.store = {4'096, 32'768, 512, 9'007'199'254'740'993};
  metrics.bounds_usec = {16, 32, 1'000'000};
  metrics.commits = {123'456, {0, 7, 8, 1}};
  const Stats stats = full_stats();
  for (const PoolStats& counts : stats.pools) {
    PoolMetrics& pool = metrics.pools.emplace_back();
    pool.status = status_with_times().pools.front();
    pool.status.name = counts.name;
    pool.stats = counts;
    pool.queueing = {40, {1, 2, 3, 4}};
    pool.running = {50, {0, 0, 0, 0}};
    pool.end_to_end = {9'007'199'254'740'993, {0, 0, 0, 9'007'199'254'740'993}};
  }
  return metrics;
}

}  // namespace jobpool::proto
