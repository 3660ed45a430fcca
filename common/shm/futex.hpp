// The two futex calls the queue needs. Shared, not private: broker and worker are two processes.
#pragma once

#include <atomic>
#include <cstdint>

namespace jobpool::shm {

// What a sleeper waits for, as bits: only a wake with one of them reaches it.
inline constexpr std::uint32_t kAnyReason = 0xffffffff;

// Sleeps while `word` holds `expected`, without a time limit. May return early for no reason (a signal, a stale wake): look again.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint32_t reasons = kAnyReason);

// Wakes up to `count` sleepers and says how many were really asleep in the kernel.
int futex_wake(std::atomic<std::uint32_t>& word, int count, std::uint32_t reasons = kAnyReason);

}  // namespace jobpool::shm
