// Everything one command has started, as one thing that can be signalled and killed whole. Two kinds: by cgroup where the supervisor
// has one to give, else by the worker being a child subreaper. Worker process, its one thread.
#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/command/reaper.hpp"

namespace jobpool::worker {

class ProcessTree {
 public:
  virtual ~ProcessTree() = default;

  // Before the spawn. Errors: io and the like: the attempt cannot be contained.
  virtual Result<void> begin(const Attempt& attempt) = 0;
  // The directory of the cgroup that the child is to be born in; -1: none.
  virtual int cgroup() const = 0;
  // To every process of the tree that can be seen now; those made meanwhile may miss it.
  virtual void signal_all(int signal) = 0;
  // KILL until nothing is left, and reaps it. Errors: timed_out: something cannot be killed (it hangs in the kernel).
  virtual Result<void> kill_all(Reaper& reaper) = 0;
  // After everything of the attempt is dead (or has been given up).
  virtual void end() = 0;
};

// Requires: this process is a child subreaper.
std::unique_ptr<ProcessTree> make_subreaper_tree();

// `base`: a cgroup v2 directory in which this process may make children. Errors: io, not_found, unsupported (no cgroup.kill).
Result<std::unique_ptr<ProcessTree>> make_cgroup_tree(const std::string& base);

}  // namespace jobpool::worker
