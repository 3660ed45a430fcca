// The supervisor's cgroup, where it has one to itself: the daemon goes into a leaf of it, and each worker gets a directory in which it
// makes a cgroup for each attempt. They are there to kill by, not to limit: no controller is asked for. jobpoold, its main thread.
//
//   BASE/                         where jobpoold was started: a unit with Delegate=yes, a container
//     daemon/                     supervisor, broker, workers
//     jobs/INSTANCE/INCARNATION/  a worker's; made and removed here
//       job-ID.ATTEMPT/           made and removed by that worker (worker/command/tree_by_cgroup)
//
// "To itself": it may write there, and no other process is in it or below. So nothing is taken from the shell, the container's other
// programs or the session scope among which a private daemon was started; it then follows its jobs without cgroups.
// The instance's name is in the path so that a later daemon which kills what an earlier one left can hit nobody else's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

class Cgroup {
 public:
  // Makes the directories and moves this process. Requires: it has neither threads nor children yet.
  // Errors: unsupported: there is none to itself, and why; io.
  static Result<Cgroup> take(const std::string& instance);
  // At a reload: the process is where its predecessor was. Errors: io.
  static Result<Cgroup> take_over(std::string base, const std::string& instance);

  const std::string& base() const { return base_; }

  // The directory for a worker's attempts, which then is there. Errors: io.
  Result<std::string> make_for(Incarnation worker);
  // Everything of its attempts, at once. Ignored where nothing was made for it.
  void kill(Incarnation worker);
  // Requires: nothing of it is alive. What cannot be removed yet goes at the end.
  void remove(Incarnation worker);
  void kill_all();

  // Back to where the daemon was started; the directories are removed. Requires: workers and broker are gone.
  void leave();

 private:
  Cgroup(std::string base, UniqueFd base_directory, UniqueFd jobs, std::string instance);

  std::string base_;
  UniqueFd base_directory_;
  UniqueFd jobs_;  // of this instance
  std::string instance_;
};

// What an instance of this name that was killed left running in its jobs' cgroups: killed and waited for. Without such directories:
// nothing. Errors: timed_out: something does not die within seconds.
Result<void> end_cgroup_of(const std::string& base, const std::string& instance);

// Of /proc/PID/cgroup: its place in the version 2 hierarchy. nullopt: it has none.
std::optional<std::string> unified_path(std::string_view cgroup_file);
// Where that is in the file system, by /proc/PID/mountinfo. nullopt: nowhere.
std::optional<std::string> unified_directory(const std::string& mountinfo, const std::string& path);

}  // namespace jobpool::supervisor
