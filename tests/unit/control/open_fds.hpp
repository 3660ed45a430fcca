// How many descriptors this process has: what a test of leaks compares before and after.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace jobpool::test {

inline std::ptrdiff_t open_fds() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

}  // namespace jobpool::test
