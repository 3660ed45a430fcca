// jobpoold's event loop: descriptors by epoll, and timers. One thread; handlers run to their end and never block.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

class Loop {
 public:
  // Never reused, so that an event of a descriptor that a handler before it removed reaches nobody.
  enum class Watch : std::uint64_t { none = 0 };
  enum class Timer : std::uint64_t { none = 0 };

  // Errors: io.
  static Result<Loop> make();

  // `events` as epoll's. The descriptor must stay open until removed. Errors: io.
  Result<Watch> watch(int fd, std::uint32_t events, std::function<void(std::uint32_t events)> handler);
  void unwatch(Watch watch);
  // Reports again what is still there, of an edge-triggered descriptor that its handler left before it was empty.
  void rearm(Watch watch);

  // Runs the handler once, at `when` or later.
  Timer at(TimePoint when, std::function<void()> handler);
  void cancel(Timer timer);

  // Until stop(). Errors: io.
  Result<void> run();
  void stop() { running_ = false; }

 private:
  struct Watched {
    int fd;
    std::uint32_t events;
    std::function<void(std::uint32_t)> handler;
  };

  explicit Loop(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  void run_due_timers();
  int timeout_ms() const;

  UniqueFd epoll_;
  std::uint64_t last_id_ = 0;
  bool running_ = false;
  std::unordered_map<std::uint64_t, Watched> watched_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> timers_;
  std::unordered_map<std::uint64_t, TimePoint> due_;
};

}  // namespace jobpool::supervisor
