// A disk that can be filled: a small file system of its own where this process may mount one, if need be in namespaces of its own; where
// even that is not allowed, a plain folder and programs that are told its disk is full (full_disk.c). Make it before the daemon.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace jobpool::testing {

class SmallDisk {
 public:
  SmallDisk();
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::string path() const { return folder_.file("disk"); }
  // For the daemon whose workers write there.
  std::vector<std::string> daemon_arguments() const;

  // Next to no room is left, until make_room().
  void fill() const;
  void make_room() const;

 private:
  void write_programs() const;
  std::string ballast() const { return path() + "/ballast"; }

  TempDir folder_;
  bool is_mounted_ = false;
};

}  // namespace jobpool::testing
