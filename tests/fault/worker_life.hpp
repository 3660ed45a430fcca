// A worker process for kill tests: claims, notes in the ledger what it does, reports.
#pragma once

#include <sys/types.h>

#include "common/shm/claim_side.hpp"
#include "tests/fault/ledger.hpp"

namespace jobpool::fault {

// One job: the body of it is to note its start.
void run_claimed(shm::ClaimSide& side, const shm::Claim& claim, const Ledger& ledger);

// Forks a worker that runs until it is killed (or its parent dies).
pid_t spawn_worker(const shm::SegmentFds& fds, const Ledger& ledger);

// SIGKILL and wait: afterwards the process changes nothing any more.
void kill_and_reap(pid_t pid);

}  // namespace jobpool::fault
