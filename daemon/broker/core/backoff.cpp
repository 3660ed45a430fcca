// See backoff.hpp.
#include "daemon/broker/core/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace jobpool::broker {

Microseconds backoff_after(std::uint32_t attempt, JobId job, Microseconds first) {
  constexpr Microseconds kLongestBackoff = std::chrono::hours{1};
  Microseconds pause = first;
  for (std::uint32_t done = 1; done < attempt && pause < kLongestBackoff; ++done) pause *= 2;
  pause = std::min(pause, kLongestBackoff);
  const std::uint64_t mixed = (job.value * 0x9e3779b97f4a7c15U + attempt) * 0xd1342543de82ef95U;
  return pause * static_cast<std::int64_t>(768 + (mixed >> 55)) / 1024;  // 0.75 to 1.25
}

}  // namespace jobpool::broker
