// A pool as its creator asked for it, and what it was told since. Plain values: the same in the core, the store and the verbs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/ids.hpp"

namespace jobpool::broker {

// The one pool that exists always. It can be closed, never deleted.
inline constexpr PoolNumber kDefaultPoolNumber{0};
// With those that were deleted and whose jobs are still remembered. A table of them is looked through in each turn.
inline constexpr std::size_t kMaxPools = 256;

struct PoolSettings {
  std::string name;
  std::optional<std::uint32_t> size;   // workers; absent: as the daemon's configuration says, for the default pool only
  std::optional<std::uint32_t> min;    // workers that stay when they have nothing to do; absent: all of them
  Microseconds idle_time{60'000'000};  // the others leave after it
  std::uint32_t threads = 1;       // of each worker: so many functions run in it side by side, and no commands where there is more than one
  std::uint32_t max_tasks = 0;     // a worker leaves after so many jobs, give or take a tenth; 0: never
  std::uint64_t memory_bytes = 0;  // of each worker and each process it starts; 0: no limit
  std::string initializer;         // a function that runs in each fresh worker before its first job; empty: none
  std::string arguments = "[]";    // the initializer's: JSON text of an array

  bool needs_setup() const { return memory_bytes > 0 || !initializer.empty(); }
};

// running → closed (no more jobs, those that are there are done) → …; either → terminated (nothing is done any more); both → running.
enum class PoolState : std::uint8_t { running, closed, terminated };

struct PoolRecord {
  PoolNumber number;
  PoolSettings settings;
  PoolState state = PoolState::running;
  bool paused = false;   // nothing starts
  bool deleted = false;  // kept for the name of its jobs that are still remembered
};

}  // namespace jobpool::broker
