// A pool's counts as messages of the protocol: what Stats and Metrics tell alike. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/broker/stats/stats.hpp"
#include "proto/stats_messages.hpp"

namespace jobpool::broker {

// Without what happened of late, which the total does not add up.
proto::PoolStats stats_view(std::string_view name, const PoolCounts& counts);
// `second`: now, by the clock that the counts are told.
proto::PoolStats stats_view(std::string_view name, const PoolCounts& counts, std::int64_t second);

}  // namespace jobpool::broker
