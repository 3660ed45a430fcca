// The pool's memory limit of this worker: RLIMIT_DATA, the one limit that counts what a process allocates for itself (heap and private
// mappings) and neither the segment's shared memory nor programs' code. What a job asks for beyond it fails there (std::bad_alloc), and
// costs that job alone; commands inherit it. Checks between jobs would come too late for one that takes everything.
// Worker process, any of its threads.
#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {

class MemoryLimit {
 public:
  // So much beyond what this process has now; for good. 0: none. Errors: io, permission_denied: not below a limit that is set already.
  Result<void> set(std::uint64_t bytes);

  // Only an eighth of it is left. Costs a read of /proc where there is a limit, else nothing.
  bool is_nearly_reached() const;

 private:
  std::uint64_t used() const;  // 0: not known

  UniqueFd usage_;
  std::uint64_t base_ = 0, bytes_ = 0;
};

}  // namespace jobpool::worker
