// By a descriptor without any rights but to name the file; a child has closed it by the time it executes, so it goes through ours.
#include "daemon/supervisor/installed_program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace jobpool::supervisor {

InstalledProgram::InstalledProgram(std::string path) : path_(std::move(path)) { look_again(); }

std::string InstalledProgram::file() const {
  return file_ ? "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get()) : path_;
}

void InstalledProgram::look_again() {
  file_.reset(::open(path_.c_str(), O_PATH | O_CLOEXEC));
  if (file_ && ::access(file().c_str(), X_OK) != 0) file_.reset();
}

}  // namespace jobpool::supervisor
