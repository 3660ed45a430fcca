// What one function may have changed and the next must not see: environment variables, working directory, umask, signal mask.
// Worker process, its one thread. Restoring costs three system calls, so it is done after functions of plugins only: the built-in ones
// change nothing. Not restored, since it would cost too much or cannot be known: open files, signal dispositions, threads, statics.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {

class ProcessState {
 public:
  // As it is now. Errors: io: the working directory cannot be opened.
  static Result<ProcessState> capture();

  void restore() const;

 private:
  ProcessState() = default;

  UniqueFd directory_;
  mode_t umask_ = 0;
  sigset_t signals_{};
  std::vector<char*> environment_;  // with its final null; the strings stay where they are for the process's life
};

}  // namespace jobpool::worker
