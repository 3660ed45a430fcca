// Rebuilds the broker's private state from a segment that another broker used before it, whatever instruction that one was killed at.
// Broker process, once per worker when the broker starts.
#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "common/shm/payload_allocator.hpp"
#include "common/shm/slot_table.hpp"

namespace jobpool::shm {

struct Inheritance {
  SlotTable slots;
  PayloadAllocator payloads;
  std::uint64_t next_sequence = 1;
  std::uint32_t threads = 1;
};

// desc was written by brokers only and is trusted as the record; the words, which the worker may write too, are checked against it.
// Errors: unsupported: another layout version, or more threads than there may be; protocol: a word contradicts its descriptor (kill the
// worker).
Result<Inheritance> inherit(const Control& control, const ToWorker& to_worker);

}  // namespace jobpool::shm
