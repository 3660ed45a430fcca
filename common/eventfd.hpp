// Ringing an eventfd (the broker's store thread, a worker), and setting it back (the broker).
#pragma once

#include <sys/uio.h>
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

// Sets it back, whether it was rung or not, and never waits: whoever shares it (a worker) may have made it a blocking one.
inline void silence_eventfd(int fd) {
  std::uint64_t rings = 0;
  iovec into{&rings, sizeof rings};
  if (::preadv2(fd, &into, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP) (void)!::read(fd, &rings, sizeof rings);
}

}  // namespace jobpool
