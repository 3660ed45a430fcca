// Output files that stayed empty, for the next commands of this worker. One that is there costs a rename; a new one costs making it and, if
// it stays empty as most do, removing it, which is several times as much, and on some file systems more with each: ext4 without a journal
// passes over those that were removed within the last minute, and takes 0.6 ms for it after some thousands. Worker process, its one thread.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::worker {

// Whatever the worker's umask: what a job prints is its owner's.
inline constexpr mode_t kOutputMode = 0600;

class SpareFiles {
 public:
  // `folder` must outlive this.
  explicit SpareFiles(int folder) : folder_(folder) {}
  SpareFiles(SpareFiles&&) = default;
  SpareFiles& operator=(SpareFiles&&) = delete;
  ~SpareFiles();  // removes those that are left

  // One that its command has left empty, closed by whoever calls this before the next take(). Until then it keeps its name; too many are
  // removed.
  void keep(std::string name, const struct stat& status);

  // One of them, now called `name`, opened with `flags`. Invalid: there is none that can be had: it was removed meanwhile, somebody changed
  // it or still has it open (who follows that command's output, or a process that outlived it), or there is a file of that name.
  UniqueFd take(const std::string& name, int flags);

 private:
  struct Spare {
    std::string name;
    dev_t device;
    ino_t inode;
  };

  bool is_like_new(int file, const Spare& spare) const;
  bool is_opened_by_us_alone(int file);

  int folder_;
  bool can_tell_ = true;  // who has one open: not on every file system
  std::vector<Spare> spares_;
};

}  // namespace jobpool::worker
