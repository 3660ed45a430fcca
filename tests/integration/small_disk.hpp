// A disk that can be filled: a small file system of its own where this process may mount one, if need be in namespaces of its own; where
// even that is not allowed, a plain folder and programs that are told its disk is full (full_disk.c). Make it before the daemon.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace jobpool::testing {

class SmallDisk {
 public:
  // `writers`: which programs write there.
  explicit SmallDisk(int mebibytes = 4, const std::vector<std::string>& writers = {"jobpool-worker"});
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::string path() const { return folder_.file("disk"); }
  // For the daemon whose workers write there, or which has its state there.
  std::vector<std::string> daemon_arguments() const;
  // False: what was there when it was full cannot be used for anything either.
  bool is_real() const { return is_mounted_; }

  // So much room is left (some files go well), or none at all, until make_room().
  static constexpr std::size_t kSomeRoom = 64 * 1024;
  void fill(std::size_t room = kSomeRoom) const;
  void make_room() const;

 private:
  void write_programs(const std::vector<std::string>& writers) const;
  void write_program(const std::string& name) const;
  std::string ballast() const { return path() + "/ballast"; }

  TempDir folder_;
  bool is_mounted_ = false;
};

}  // namespace jobpool::testing
