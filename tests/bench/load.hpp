// Many connections that call `Apply @noop`, each one call at a time, in one thread: at a given rate (open loop), or as fast as they are
// answered (closed loop).
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

class Load {
 public:
  // Gives up where the process may not have so many descriptors.
  Load(const std::string& socket, long connections);

  // Calls a second, all connections busy all the time.
  double saturate(long calls);

  // `calls` calls arrive by chance (Poisson), `per_second` on the average, on whichever connection has been idle longest. Returns how long
  // each took, in microseconds, from its arrival: one that found no idle connection has waited for it.
  std::vector<double> offer(long calls, double per_second);

 private:
  void send_on(std::uint32_t connection);
  // Waits so long at most, 0 for not at all. Calls `answered` for each connection whose answer has come.
  template <class Answered>
  void receive(std::int64_t nanoseconds, const Answered& answered);

  UniqueFd epoll_;
  std::vector<UniqueFd> connections_;
  std::mt19937_64 chance_{7};
};

}  // namespace jobpool::bench
