// The system calls by which the store changes files beside SQLite. Virtual, so that tests can record them, run out of room and lose power.
// Any thread; the object has no state.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::broker {

// Errors of all: full (no room, or no quota), io. Names are plain file names within `directory`; no symbolic link is followed.
class Disk {
 public:
  virtual ~Disk() = default;

  // For reading and writing, mode 0600. What is there already keeps its bytes.
  virtual Result<UniqueFd> open(int directory, const std::string& name);
  virtual Result<void> write(int fd, std::string_view bytes, off_t offset);
  virtual Result<void> truncate(int fd, off_t size);
  // Room for `size` bytes, really there: no later write within it can find the disk full.
  virtual Result<void> allocate(int fd, off_t size);
  virtual Result<void> sync(int fd);
  virtual Result<void> sync_directory(int directory);
  // One that is not there is no error.
  virtual Result<void> remove(int directory, const std::string& name);
  virtual Result<void> rename(int directory, const std::string& from, const std::string& to);
};

Disk& system_disk();

// On a disk, within a quota, or in a file that may not be larger (`ulimit -f`): whoever set the limit can give some.
bool means_no_room(int number);
// errno's text, with Errc::full where that means no room.
Error disk_error(const std::string& what, int number);

}  // namespace jobpool::broker
