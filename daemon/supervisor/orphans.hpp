// Children that nobody here spawned: what a dead worker leaves behind comes to the supervisor, as the nearest subreaper, and is killed.
// jobpoold's main thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "common/clock.hpp"

namespace jobpool::supervisor {

class Orphans {
 public:
  // Becomes the subreaper. `is_known` tells whether a pid is one of the spawned ones, which others reap.
  // Requires: called in the main thread; all spawning is done by another thread.
  explicit Orphans(std::function<bool(pid_t)> is_known);

  // Children that exist already (`sh -c 'other & exec jobpoold'`) are spared for ever. Requires: nothing was spawned yet.
  void spare_existing();
  // At a reload: those that the predecessor spared. Workers that it spawned are this thread's children now, beside the orphans: as long
  // as one of them lives, `/proc` is searched at each death.
  void spare(const std::vector<pid_t>& pids) { spared_.insert(pids.begin(), pids.end()); }
  std::vector<pid_t> spared() const { return {spared_.begin(), spared_.end()}; }

  enum class State { none, dying };

  // Reaps the dead and kills the living; exact, and one system call when this thread has no children. `dying`: look again at the next
  // SIGCHLD. Killing makes their children ours in turn, so the tree is gone when `none` is returned, not before.
  State sweep();

  // Who was killed before that time, and is still there, hangs in the kernel. It is reaped when it dies, and `dying` speaks of it no more:
  // whoever dies from now on need not wait for it.
  void give_up_waiting(TimePoint killed_before);
  bool has_hung() const { return !hung_.empty(); }

  std::size_t killed() const { return killed_; }

 private:
  enum class Found { none, some };
  Found reap_dead();
  bool kill_living();
  bool reap(pid_t pid);  // false: it lives
  bool kill(pid_t pid);

  std::function<bool(pid_t)> is_known_;
  std::set<pid_t> spared_;            // were there before us, or may not be killed by us (they changed their uid)
  std::map<pid_t, TimePoint> dying_;  // when they got SIGKILL first; not reaped yet
  std::set<pid_t> hung_;              // likewise, and waited for no more
  std::size_t killed_ = 0;
};

}  // namespace jobpool::supervisor
