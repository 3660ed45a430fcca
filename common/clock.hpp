// The two clocks, read in one place each. The core never reads a clock: `now` is passed in.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace jobpool {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;  // for deadlines and waits
using Microseconds = std::chrono::microseconds;

// For people and records: microseconds since 1970, as the protocol's …USec fields carry them.
inline std::int64_t wall_usec() {
  return std::chrono::duration_cast<Microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Microseconds since the host's start, suspended time included: the same for all its processes, never set back.
inline std::int64_t boot_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace jobpool
