// From the core's pool to the protocol's: what callers are shown. Pure.
#pragma once

#include "daemon/broker/core/job_core.hpp"
#include "proto/event_messages.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

// Counts, and a word for its state: its own, also while the daemon goes down.
proto::PoolStatus pool_status_view(const CorePool& pool);
// With its settings; without its workers.
proto::PoolInfo pool_view(const CorePool& pool, const JobCore& core);
// What is told when it has changed.
proto::Event pool_event(const CorePool& pool, std::int64_t now_usec);

}  // namespace jobpool::broker
