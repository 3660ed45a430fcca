// The two clocks, read in one place each. The core never reads a clock: `now` is passed in.
#pragma once

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

}  // namespace jobpool
