// A forked child that can be brought to any single instruction of a stretch of code, and killed there.
// To step to the n-th instruction costs n context switches, so a sweep of all would take n²; instead one child is stepped and its way
// noted, and each of the others runs at full speed to a breakpoint on the way.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "common/function_ref.hpp"

namespace jobpool::fault {

// A place on the way from one mark to the next, before the instruction there is executed.
struct Place {
  std::size_t steps;  // instructions executed since the mark
  unsigned long address;
  int visit;  // how often the way has come to this address, this time included
};

class Stepper {
 public:
  // Forks. The child runs `body`, which calls mark() at the ends of what is swept; the constructor returns at the first mark.
  explicit Stepper(function_ref<void()> body);
  // Kills and reaps.
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // For the child: stops it until the parent goes on.
  static void mark();

  // Steps to the next mark and notes the way. Fails the test when the child dies of itself (so do the others).
  std::vector<Place> trace();
  // Steps to the next mark; after each instruction the child stands still and `after_each` may look at what it has written.
  void step_to_mark(function_ref<void()> after_each);
  // Runs to a place on the way; the child must be at the mark from which the way was noted.
  void run_to(const Place& place);
  void run_to_mark();
  // SIGKILL where it stands; afterwards it changes nothing any more.
  void kill();

 private:
  enum class Stop { trapped, at_mark };
  Stop resume(int request);
  unsigned long address() const;

  pid_t pid_;
  bool alive_ = true;
};

// After which instructions to kill: at night after each, else after every third (or JOBPOOL_SWEEP_STRIDE), from a drawn one on, so that
// many runs meet them all. Sanitized builds need twenty times the instructions and a slow fork, and take a larger stride of themselves.
struct Sweep {
  std::size_t begin = 0, stride = 1;
};
Sweep sweep();

}  // namespace jobpool::fault
