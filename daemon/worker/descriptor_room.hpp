// Whether this process is about to run out of descriptors, by what functions have leaked: every command after that would fail for want of
// some, and the worker, idle again at once, would be given the next. Worker process, any thread. Three system calls.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/unique_fd.hpp"

namespace jobpool::worker {

inline bool is_short_of_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const UniqueFd lowest_free(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return !lowest_free || static_cast<rlim_t>(lowest_free.get()) > limit.rlim_cur / 4 * 3;
}

}  // namespace jobpool::worker
