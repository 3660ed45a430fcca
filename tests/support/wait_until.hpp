// Waiting for what has no file descriptor to wait on (another process's state): asks again until a deadline. Tests that can block on an
// event do that instead; nothing is ever assumed to have happened because time went by.
#pragma once

#include <poll.h>

#include <chrono>

namespace jobpool::testing {

using namespace std::chrono_literals;

// How long anything may take before the test calls it hung. Far above what it needs, since sanitized builds on a busy machine are slow.
inline constexpr std::chrono::milliseconds kPatience = 60s;

template <class Predicate>
bool wait_until(Predicate&& holds, std::chrono::milliseconds limit = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return holds();
    ::poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace jobpool::testing
