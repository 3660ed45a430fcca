// Runs one command from its start to the death of its last process. Worker process, its one thread.
// While it waits it listens to exits, orders and the supervisor's socket at once; it never looks into the job's output, only at
// how much there is.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/job/report.hpp"
#include "common/job/spec.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/command/output_bound.hpp"
#include "daemon/worker/command/process_tree.hpp"
#include "daemon/worker/command/spare_files.hpp"
#include "daemon/worker/command/spawner.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

// All of it must outlive the runner.
struct CommandPlace {
  const WorkerIdentity& worker;
  Orders& orders;
  int supervisor_socket;
  int output_dir;
  std::uint64_t output_limit = OutputBound::kNoLimit;  // of one attempt, in bytes
};

class CommandRunner {
 public:
  // Errors: io.
  static Result<CommandRunner> create(CommandPlace place, std::unique_ptr<ProcessTree> tree);

  enum class After {
    go_on,
    leave,     // processes are left that cannot be killed: report, then end this worker, so that the supervisor inherits them
    orphaned,  // the supervisor is gone and the tree was killed for it: the job's outcome is unknown, this worker must end
  };
  struct Ended {
    Report report;
    After after = After::go_on;
  };

  // `passed`: the job's descriptors. `on_started` gets the pid; it is not called for what could not be started.
  // Requires: this process is a child subreaper and has no children.
  Ended run(const Attempt& attempt, const CommandSpec& spec, std::vector<UniqueFd> passed, const std::function<void(pid_t)>& on_started);

 private:
  CommandRunner(CommandPlace place, std::unique_ptr<ProcessTree> tree, Spawner spawner, UniqueFd exits);

  CommandPlace place_;
  std::unique_ptr<ProcessTree> tree_;
  Spawner spawner_;
  UniqueFd exits_;  // signalfd of SIGCHLD
  SpareFiles spares_;
};

// What is reported for a command that never started.
Report not_started(int code, std::string reason);

}  // namespace jobpool::worker
