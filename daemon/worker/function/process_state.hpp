// What one function may have changed and the next must not see: environment variables, working directory, umask, signal mask, and the
// resource limits that would make later jobs fail. Worker process. Restoring costs eight system calls, so it is done after
// functions of plugins only: the built-in ones change nothing. Not restored, since it would cost too much or cannot be known: open files,
// signal dispositions, other limits, threads, statics.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {

class ProcessState {
 public:
  // As it is now. Errors: io: the working directory cannot be opened.
  static Result<ProcessState> capture();

  enum class Restored { yes, no };
  // no: a hard limit was lowered, which only a privileged process can take back. What runs here next would suffer from it.
  Restored restore() const;
  // What is a thread's own: the signal mask.
  void restore_thread() const;

 private:
  ProcessState() = default;
  void restore_environment() const;
  Restored restore_limits() const;

  UniqueFd directory_;
  mode_t umask_ = 0;
  sigset_t signals_{};
  static constexpr std::array kResources{RLIMIT_AS, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC};
  std::array<rlimit, kResources.size()> limits_{};
  std::vector<char*> environment_;  // with its final null; the strings stay where they are for the process's life
};

}  // namespace jobpool::worker
