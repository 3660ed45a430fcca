// wait4 until nobody is left; see the header.
#include "daemon/worker/command/reaper.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

namespace jobpool::worker {
namespace {

std::int64_t usec_of(const timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; }

void add(Usage& total, const rusage& one) {
  constexpr std::int64_t kKilobyte = 1024;  // ru_maxrss is in KiB
  total.user_usec += usec_of(one.ru_utime);
  total.system_usec += usec_of(one.ru_stime);
  total.max_rss_bytes = std::max(total.max_rss_bytes, std::int64_t{one.ru_maxrss} * kKilobyte);
}

}  // namespace

Reaper::Left Reaper::reap() {
  for (;;) {
    int status = 0;
    rusage used{};
    // __WALL: a child made by clone() without SIGCHLD would be overlooked otherwise.
    const pid_t pid = ::wait4(-1, &status, WNOHANG | __WALL, &used);
    if (pid == 0) return Left::some;
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return Left::none;
    add(usage_, used);
    if (pid == command_) status_ = status;
  }
}

void Reaper::wait_for_exit(std::chrono::milliseconds patience) const {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
  const timespec limit{seconds.count(), std::chrono::nanoseconds(patience - seconds).count()};
  ::sigtimedwait(&child, nullptr, &limit);
}

}  // namespace jobpool::worker
