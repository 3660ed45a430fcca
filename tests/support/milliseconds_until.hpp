// A deadline as poll() takes it.
#pragma once

#include <chrono>

namespace jobpool::testing {

inline int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

}  // namespace jobpool::testing
