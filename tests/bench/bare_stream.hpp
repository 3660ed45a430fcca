// The floor of pipelined submits: client -> Unix socket -> daemon -> one ring a worker -> worker -> its ring back -> daemon -> socket.
// One wake per batch, messages of fixed size, nothing parsed, nothing kept.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

// A submit of @noop and what is answered to it, the NULs included.
inline constexpr std::size_t kStreamRequestBytes = 80;
inline constexpr std::size_t kStreamAnswerBytes = 32;

class BareStream {
 public:
  // Forks its daemon and its workers. Requires: the caller has one thread.
  explicit BareStream(int workers);
  ~BareStream();
  BareStream(const BareStream&) = delete;
  BareStream& operator=(const BareStream&) = delete;

  int socket() const { return client_.get(); }
  // One request; as many answers as requests come back, when the job is done.
  static std::string request();

 private:
  UniqueFd client_;
  std::vector<pid_t> children_;
};

}  // namespace jobpool::bench
