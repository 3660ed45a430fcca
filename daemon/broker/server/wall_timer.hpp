// Calls back at a point of the wall clock: the kernel looks at that anew whenever the clock is set, and when the host wakes from sleep. A
// Timer cannot: it waits by the steady clock, which stands still meanwhile. Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/server/fd_watch.hpp"

namespace jobpool::broker {

class WallTimer {
 public:
  // The callback may set the timer anew. Errors: io (no descriptors or watches left).
  static Result<WallTimer> make(asio::io_context& io, std::function<void()> callback);

  WallTimer() = default;

  // Calls back once, as soon as the clock shows this (microseconds since 1970, above 0) or more. Replaces what was set before.
  void set(std::int64_t when_usec);

 private:
  UniqueFd fd_;
  FdWatch watch_;  // of fd_, so it ends before
};

}  // namespace jobpool::broker
