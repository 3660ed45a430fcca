// epoll_wait, the due timers, the handlers; again.
#include "daemon/supervisor/loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <limits>

namespace jobpool::supervisor {

Result<Loop> Loop::make() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return errno_error("epoll");
  return Loop(std::move(epoll));
}

Result<Loop::Watch> Loop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> handler) {
  const std::uint64_t id = ++last_id_;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return errno_error("epoll_ctl");
  watched_.emplace(id, Watched{fd, events, std::move(handler)});
  return Watch{id};
}

void Loop::unwatch(Watch watch) {
  const auto found = watched_.find(static_cast<std::uint64_t>(watch));
  if (found == watched_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  watched_.erase(found);
}

void Loop::rearm(Watch watch) {
  const auto found = watched_.find(static_cast<std::uint64_t>(watch));
  if (found == watched_.end()) return;
  epoll_event event{};
  event.events = found->second.events;
  event.data.u64 = found->first;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, found->second.fd, &event);
}

Loop::Timer Loop::at(TimePoint when, std::function<void()> handler) {
  const std::uint64_t id = ++last_id_;
  timers_.emplace(std::pair(when, id), std::move(handler));
  due_.emplace(id, when);
  return Timer{id};
}

void Loop::cancel(Timer timer) {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto found = due_.find(id);
  if (found == due_.end()) return;
  timers_.erase(std::pair(found->second, id));
  due_.erase(found);
}

int Loop::timeout_ms() const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void Loop::run_due_timers() {
  const TimePoint now = Clock::now();
  while (running_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    auto timer = timers_.extract(timers_.begin());
    due_.erase(timer.key().second);
    timer.mapped()();
  }
}

Result<void> Loop::run() {
  running_ = true;
  std::array<epoll_event, 64> events;
  while (running_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms());
    if (count < 0 && errno != EINTR) return errno_error("epoll_wait");
    for (int i = 0; i < count && running_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const std::uint64_t id = event.data.u64;  // a copy: the kernel's structure is packed, and no reference may lead into it
      const auto found = watched_.find(id);
      if (found == watched_.end()) continue;
      const auto handler = found->second.handler;  // a copy: the handler may remove itself
      handler(event.events);
    }
    run_due_timers();
  }
  return {};
}

}  // namespace jobpool::supervisor
