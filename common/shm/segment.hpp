// The descriptors of one worker incarnation's segment, and its creation.
// Used by the supervisor (creates, keeps, hands out; never maps or reads), by the broker and the worker (map).
#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::shm {

// As the supervisor holds them, and a broker gets them (which keeps the eventfd only, once it has mapped the others); or, reopened
// read-only where it may only read, as a worker does.
struct SegmentFds {
  UniqueFd control;
  UniqueFd to_worker;
  UniqueFd from_worker;
  UniqueFd payload;
  UniqueFd eventfd;  // worker → broker: "look at wpos"; one per worker, since a shared one could be drained by another worker
};

// Makes fresh zeroed memfds of the layout's sizes, sealed SHRINK|GROW|SEAL, and the non-blocking eventfd; all close-on-exec.
// `threads`: how many of the worker are to claim, for it and for every broker to read. Requires: 1 to kMaxThreads. Errors: io.
Result<SegmentFds> create_segment(std::uint32_t threads = 1);

// The worker's set: duplicates, with to_worker and payload reopened O_RDONLY (a FUTURE_WRITE seal would also keep a new broker from
// mapping them writable). Errors: io.
Result<SegmentFds> reopen_for_worker(const SegmentFds& fds);

}  // namespace jobpool::shm
