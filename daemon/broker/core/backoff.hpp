// How long a job waits before its next attempt. Pure: a next broker, and whoever tells its history, comes to the same.
#pragma once

#include <cstdint>

#include "common/clock.hpp"
#include "common/ids.hpp"

namespace jobpool::broker {

// Doubles with each attempt up to an hour, and differs by up to a quarter from job to job, so that what failed together is not tried
// together again. `attempt`: the one that has ended. `first`: the wait before the second, without that difference.
Microseconds backoff_after(std::uint32_t attempt, JobId job, Microseconds first);

}  // namespace jobpool::broker
