// Outputs of items that have ended before their turn, on disk instead of in memory: one file without a name, in $TMPDIR or /tmp, that goes
// with the process. Used by held_output; any thread.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

class OutputSpool {
 public:
  struct Range {
    off_t offset = 0, size = 0;
  };

  // Errors of all: io; full: no room there.
  Result<Range> add(std::string_view bytes);
  Result<Range> copy(int file);  // all that is in it now
  Result<void> write(Range range, int to) const;
  Result<void> append_to(std::string& text, Range range) const;
  // Is not read any more: its room is the file system's again.
  void release(Range range) const;

 private:
  // Room at the end; makes the file when it is first needed.
  Result<Range> reserve(off_t size);

  std::mutex mutex_;
  UniqueFd file_;
  off_t end_ = 0;
};

}  // namespace jobpool::cli
