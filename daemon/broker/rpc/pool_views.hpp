// From the core's pool to the protocol's: what callers are shown. Pure.
#pragma once

#include "daemon/broker/core/job_core.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// Counts, and a word for its state.
proto::PoolStatus pool_status_view(const CorePool& pool, const JobCore& core);
// With its settings; without its workers.
proto::PoolInfo pool_view(const CorePool& pool, const JobCore& core);

}  // namespace jobpool::broker
