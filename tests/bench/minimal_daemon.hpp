// The floor of one command typed: the daemon that minimal_client talks to. It answers at once, or when it has run /bin/true.
#pragma once

#include <sys/types.h>

#include <string>

namespace jobpool::bench {

class MinimalDaemon {
 public:
  // Forks it. Requires: the caller has one thread.
  explicit MinimalDaemon(const std::string& folder);
  ~MinimalDaemon();
  MinimalDaemon(const MinimalDaemon&) = delete;
  MinimalDaemon& operator=(const MinimalDaemon&) = delete;

  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace jobpool::bench
