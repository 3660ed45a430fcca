// Tries a program before the daemon becomes it: a run that reads the configuration and the record of what runs, and leaves.
// jobpoold's main thread; waits for nothing.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/spawner.hpp"

namespace jobpool::supervisor {

class TrialRun {
 public:
  enum class Verdict {
    takes_over,
    waits_for_workers,  // their shared memory has another layout than its own: it takes over when they have left
  };
  // `loop` and `spawner` must outlive it. `on_end`: what it said, or why it does not.
  TrialRun(Loop& loop, Spawner& spawner, std::function<void(Result<Verdict>)> on_end);
  ~TrialRun();  // kills it
  TrialRun(const TrialRun&) = delete;
  TrialRun& operator=(const TrialRun&) = delete;

  // Requires: none is under way. `arguments` as jobpoold was given them; `resume_file` is put in front of them.
  // Errors: as Spawner::spawn; then on_end is not called.
  Result<void> start(const std::string& program, std::vector<std::string> arguments, int resume_file);

  pid_t pid() const { return pid_; }  // 0: none

 private:
  void on_exit();
  void kill();

  Loop& loop_;
  Spawner& spawner_;
  const std::function<void(Result<Verdict>)> on_end_;
  std::string program_;
  pid_t pid_ = 0;
  UniqueFd process_;
  Loop::Watch watch_{};
  Loop::Timer deadline_{};
};

}  // namespace jobpool::supervisor
