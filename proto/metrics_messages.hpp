// Metrics: what a monitoring system collects of the daemon, as C++ types. Reading and writing as in messages.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "proto/json_text.hpp"
#include "proto/messages.hpp"
#include "proto/stats_messages.hpp"

namespace jobpool::proto {

struct Times {
  std::int64_t sum_usec = 0;
  std::vector<std::int64_t> counts;  // one more than bounds
};

struct PoolMetrics {
  PoolStatus status;
  PoolStats stats;
  Times queueing, running, end_to_end;
};

struct StoreUse {
  std::int64_t database_bytes = 0, log_bytes = 0, queues_bytes = 0, free_bytes = 0;
};

struct Metrics {
  std::string version;
  std::int64_t since_usec = 0;  // wall clock
  std::int64_t uptime_usec = 0, connections = 0, events_listeners = 0;
  std::int64_t refused = 0, worker_restarts = 0, broker_restarts = 0, rescued_wakeups = 0;
  StoreUse store;
  std::vector<std::int64_t> bounds_usec;  // ascending
  Times commits;
  std::vector<PoolMetrics> pools;
};

std::string write_metrics(const Metrics& metrics);
// Each Times of what was read has one count more than there are bounds.
Result<Metrics> read_metrics(JsonText parameters);

}  // namespace jobpool::proto
