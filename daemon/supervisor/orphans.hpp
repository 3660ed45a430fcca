// Children that nobody here spawned: what a dead worker leaves behind comes to the supervisor, as the nearest subreaper, and is killed.
// jobpoold's main thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <set>

namespace jobpool::supervisor {

class Orphans {
 public:
  // Becomes the subreaper. Children that exist already (`sh -c 'other & exec jobpoold'`) are spared for ever.
  // Requires: called in the main thread, before anything is spawned; all spawning is done by another thread.
  // `is_known` tells whether a pid is one of the spawned ones.
  explicit Orphans(std::function<bool(pid_t)> is_known);

  enum class State { none, dying };

  // Reaps the dead and kills the living; exact, and one system call when there are none. `dying`: look again at the next SIGCHLD.
  // Killing makes their children ours in turn, so the tree is gone when `none` is returned, not before.
  State sweep();

  std::size_t killed() const { return killed_; }

 private:
  enum class Found { none, only_living };
  Found reap_dead();
  bool kill_living();

  std::function<bool(pid_t)> is_known_;
  std::set<pid_t> spared_;  // were there before us, or may not be killed by us (they changed their uid)
  std::size_t killed_ = 0;
};

}  // namespace jobpool::supervisor
