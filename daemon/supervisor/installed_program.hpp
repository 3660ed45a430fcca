// A program as it was installed when we started. An upgrade puts another file in its place: until the reload it is this one that is
// started again, since it knows the shared memory of what runs, and the other one may not. jobpoold's main thread.
#pragma once

#include <string>

#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

class InstalledProgram {
 public:
  // What is not there yet, or cannot be reached by a descriptor, is looked for by its path at each start.
  explicit InstalledProgram(std::string path);

  const std::string& path() const { return path_; }
  // What to execute. For the system's eyes only: messages name the path.
  std::string file() const;
  // What has its place now. After it could not be executed, or never worked: somebody may have mended it.
  void look_again();

 private:
  std::string path_;
  UniqueFd file_;
};

}  // namespace jobpool::supervisor
