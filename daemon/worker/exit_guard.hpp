// What exit() means where other people's code runs: the worker ends, and nothing else. No destructor of ours or of another plugin may run
// in a process that is in the middle of a job, where it might wait for ever. Worker process, its main thread.
#pragma once

namespace jobpool::worker {

// Handlers of exit() run in the opposite order of their registration, and destructors of a plugin's globals are some: so to be called anew
// whenever foreign code may have made globals. (What a function makes in the very call in which it calls exit() is destroyed.)
void guard_exit();

// While plugins are loaded, whose constructors run. Exit status 0 tells the supervisor that the worker was told to leave: who has not begun
// was not, and ends with another.
class Loading {
 public:
  Loading();
  ~Loading();
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;
};

}  // namespace jobpool::worker
