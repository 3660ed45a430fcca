// Whether this process is about to run out of descriptors, by what functions have leaked: every command after that would fail for want of
// some, and the worker, idle again at once, would be given the next. Worker process, any thread.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::worker {

inline constexpr int kFdsOfCommand = 8;  // streams, output files, the pidfd, its cgroup

// The kernel gives the lowest numbers that are free: when the last of so many is a high one, the others are taken. Two system calls each,
// and one.
inline bool is_short_of_descriptors(int wanted = 1) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<UniqueFd> taken;
  for (; wanted > 0; --wanted) {
    taken.emplace_back(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!taken.back()) return true;
  }
  return static_cast<rlim_t>(taken.back().get()) > limit.rlim_cur / 4 * 3;
}

}  // namespace jobpool::worker
