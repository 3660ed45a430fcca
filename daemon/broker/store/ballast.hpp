// A file of allocated blocks that nobody needs: given up when the disk is full, so that what was accepted can still be finished. One
// thread. (A file system that copies on write, or is full by a quota of another kind, may want more than the ballast gives: then the store
// waits.)
#pragma once

#include <sys/types.h>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/store/disk.hpp"

namespace jobpool::broker {

class Ballast {
 public:
  // Opens or creates the file; its room is made by make(). Requires: `disk` outlives this. Errors: full (not even a name fits), io.
  static Result<Ballast> open(int state_directory, Disk& disk, off_t size);

  // Errors: full: there is no room (and what was taken is given back); io.
  Result<void> make();
  Result<void> release();

 private:
  Ballast(UniqueFd file, Disk& disk, off_t size) : file_(std::move(file)), disk_(&disk), size_(size) {}

  UniqueFd file_;
  Disk* disk_;
  off_t size_;
};

}  // namespace jobpool::broker
