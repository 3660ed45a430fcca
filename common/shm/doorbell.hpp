// How each side goes to sleep without missing the other's news. Worker and broker.
//
//   sleeper: announce → look again → nothing? sleep          teller: publish → look whether somebody sleeps → wake
//
// This store/load pattern needs a full fence on each side, on x86 too. Every publish and every announcement is therefore a seq_cst
// read-modify-write and every look a seq_cst load: in their single total order at least one side sees the other.
// (Not std::atomic_thread_fence: ThreadSanitizer does not know fences.)
#pragma once

#include <climits>
#include <cstdint>

#include "common/shm/futex.hpp"
#include "common/shm/layout.hpp"

namespace jobpool::shm {

// Whom a bell is for. Of several threads one may wait for room while others wait for work: a wake that is meant for one of these and
// reached that one would be lost, since it goes back to sleep.
inline constexpr std::uint32_t kForWork = 1, kForRoom = 2, kForAnything = kAnyReason;

// Worker: sleeps until the bell rings, unless `ready` (asked after the announcement, with seq_cst loads) says there is news.
// `sleeping` counts, since several threads of one worker may sleep.
template <class Ready>
void sleep_on_bell(Control& control, std::uint32_t reason, Ready ready) {
  const std::uint32_t heard = control.bell.load(std::memory_order_seq_cst);
  control.sleeping.fetch_add(1, std::memory_order_seq_cst);
  if (!ready()) futex_wait(control.bell, heard, reason);
  control.sleeping.fetch_sub(1, std::memory_order_seq_cst);
}

// Rings whether anybody sleeps or not; says how many were really asleep. The count is exact: whoever was rung before has left the
// kernel's queue already, even if it has not run yet.
inline int ring_bell(Control& control, int sleepers, std::uint32_t reason) {
  control.bell.fetch_add(1, std::memory_order_seq_cst);
  return futex_wake(control.bell, sleepers, reason);
}

// Requires that what is to be told was published by a seq_cst read-modify-write.
inline void ring_if_asleep(Control& control, int sleepers, std::uint32_t reason) {
  if (control.sleeping.load(std::memory_order_seq_cst) != 0) ring_bell(control, sleepers, reason);
}

inline constexpr int kAllSleepers = INT_MAX;

}  // namespace jobpool::shm
