// Stats: what the daemon has done, in numbers, as C++ types. Reading and writing as in messages.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/outcome.hpp"
#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

struct Latency {
  std::int64_t count = 0;
  std::int64_t mean_usec = 0, min_usec = 0, max_usec = 0, p50_usec = 0, p90_usec = 0, p99_usec = 0;
};

struct PoolStats {
  std::string name;
  std::int64_t accepted = 0, started = 0, retried = 0, revoked = 0;
  std::array<std::int64_t, kOutcomeCount> ended{};  // by outcome
  std::int64_t recent_accepted = 0, recent_started = 0, recent_ended = 0;
  Latency queueing, running;

  std::int64_t of(Outcome outcome) const { return ended.at(static_cast<std::size_t>(outcome)); }
};

struct Stats {
  std::int64_t since_usec = 0;   // wall clock
  std::int64_t recent_usec = 0;  // the time that recent_… are of
  std::int64_t refused = 0, worker_restarts = 0, broker_restarts = 0, rescued_wakeups = 0, events_listeners = 0;
  PoolStats total;
  std::vector<PoolStats> pools;
};

std::string write_stats(const Stats& stats);
Result<Stats> read_stats(JsonText parameters);

}  // namespace jobpool::proto
