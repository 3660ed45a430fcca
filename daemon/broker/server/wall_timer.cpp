// A timerfd of CLOCK_REALTIME, absolute.
#include "daemon/broker/server/wall_timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

namespace jobpool::broker {

Result<WallTimer> WallTimer::make(asio::io_context& io, std::function<void()> callback) {
  WallTimer timer;
  timer.fd_ = UniqueFd{::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!timer.fd_) return errno_error("timerfd_create");
  auto watch = FdWatch::start(io, timer.fd_.get(), [fd = timer.fd_.get(), callback = std::move(callback)] {
    std::uint64_t times = 0;
    // Nothing to be read: it was set anew after it had gone off.
    if (::read(fd, &times, sizeof times) == sizeof times) callback();
  });
  if (!watch) return watch.error();
  timer.watch_ = *std::move(watch);
  return timer;
}

void WallTimer::set(std::int64_t when_usec) {
  itimerspec when{};
  when.it_value.tv_sec = when_usec / 1'000'000;
  when.it_value.tv_nsec = when_usec % 1'000'000 * 1'000;
  ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace jobpool::broker
