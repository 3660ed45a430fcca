// A forked child that is run one instruction at a time, and killed after any of them.
#pragma once

#include <sys/types.h>

#include "common/function_ref.hpp"

namespace jobpool::fault {

class Stepper {
 public:
  // Forks. The child runs `body`, which calls mark() where stepping starts and where it ends; the constructor returns at the first mark.
  explicit Stepper(function_ref<void()> body);
  // Kills and reaps.
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // For the child: stops it until the parent goes on.
  static void mark();

  // Executes up to `instructions`; true: it came to its next mark before that. Fails the test when the child died of itself.
  bool step_to_mark(int instructions);
  // Lets it run to its next mark. Returns false when it died instead.
  bool run_to_mark();
  // SIGKILL where it stands; afterwards it changes nothing any more.
  void kill();

 private:
  enum class Stop { stepped, at_mark, ended };
  Stop resume(int request);

  pid_t pid_;
  bool alive_ = true;
};

// After how many instructions the next kill comes: 1, or JOBPOOL_SWEEP_STRIDE. Sanitized builds need many times the instructions and
// take larger strides of themselves, since a sweep's cost grows with the square of its length.
int sweep_stride();

// While it lives, this thread and the children it forks run on one processor: a step is then a switch, not a wake-up across two.
class OneProcessor {
 public:
  OneProcessor();
  ~OneProcessor();
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  unsigned long before_[16];
};

}  // namespace jobpool::fault
