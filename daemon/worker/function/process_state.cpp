// Capture and restore; see the header.
#include "daemon/worker/function/process_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace jobpool::worker {

Result<ProcessState> ProcessState::capture() {
  ProcessState state;
  state.directory_.reset(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!state.directory_) return errno_error("the worker's working directory");
  state.umask_ = ::umask(0);  // it can only be read by setting it
  ::umask(state.umask_);
  ::sigprocmask(SIG_SETMASK, nullptr, &state.signals_);
  for (std::size_t i = 0; i < kResources.size(); ++i) ::getrlimit(kResources[i], &state.limits_[i]);
  for (char** line = environ; line != nullptr && *line != nullptr; ++line) state.environment_.push_back(*line);
  state.environment_.push_back(nullptr);
  return state;
}

ProcessState::Restored ProcessState::restore() const {
  [[maybe_unused]] const int changed = ::fchdir(directory_.get());  // an open directory can always be entered again by who entered it
  ::umask(umask_);
  ::sigprocmask(SIG_SETMASK, &signals_, nullptr);
  restore_environment();
  return restore_limits();
}

void ProcessState::restore_thread() const { ::pthread_sigmask(SIG_SETMASK, &signals_, nullptr); }

void ProcessState::restore_environment() const {
  // setenv, putenv and unsetenv change pointers, never the strings of before.
  char** line = environ;
  if (line != nullptr && std::equal(environment_.begin(), environment_.end() - 1, line, [](char* a, char* b) { return a == b; }) &&
      line[environment_.size() - 1] == nullptr)
    return;
  ::clearenv();
  for (char* text : environment_)
    if (text != nullptr) ::putenv(text);
}

ProcessState::Restored ProcessState::restore_limits() const {
  bool all = true;
  for (std::size_t i = 0; i < kResources.size(); ++i) {
    const rlimit& before = limits_[i];
    rlimit now{};
    ::getrlimit(kResources[i], &now);
    if (now.rlim_cur == before.rlim_cur && now.rlim_max == before.rlim_max) continue;
    all = ::setrlimit(kResources[i], &before) == 0 && all;
  }
  return all ? Restored::yes : Restored::no;
}

}  // namespace jobpool::worker
