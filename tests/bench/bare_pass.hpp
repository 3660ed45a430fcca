// The floor of a large payload: its bytes copied once in memory, and passed once through a Unix socket to another process.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

class BarePass {
 public:
  // Forks the process that reads. Requires: the caller has one thread.
  explicit BarePass(std::size_t bytes);
  ~BarePass();
  BarePass(const BarePass&) = delete;
  BarePass& operator=(const BarePass&) = delete;

  // Returns when the other process has the last byte.
  void copy_and_pass();

 private:
  std::string bytes_, copy_;
  UniqueFd socket_;
  pid_t reader_ = -1;
};

}  // namespace jobpool::bench
