// Ringing an eventfd. Broker (the store's thread) and worker.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace jobpool {

// Wakes whoever waits for it. A bell that was not rung is somebody who sleeps on, so an interruption is no reason not to.
// Requires: it is non-blocking. At the end of its counter it is readable already.
inline void ring_eventfd(int fd) {
  const std::uint64_t one = 1;
  while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) continue;
}

}  // namespace jobpool
