// Watches one running command until nothing of it is left: exits, stop and signal orders, the grace period, too much output, the
// supervisor's hang-up.
// Worker process, its one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/control/order.hpp"
#include "daemon/worker/command/output_bound.hpp"
#include "daemon/worker/command/process_tree.hpp"
#include "daemon/worker/command/reaper.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

class Watch {
 public:
  struct Sources {
    int command;     // its pidfd
    int exits;       // signalfd of SIGCHLD
    int supervisor;  // hang-up: the supervisor is gone
  };

  // All references must outlive this. `grace`: for stop orders that name none.
  Watch(Sources sources, Sequence sequence, std::chrono::microseconds grace, OutputBound output, Orders& orders, ProcessTree& tree,
        Reaper& reaper);

  enum class End {
    clean,            // nothing of the tree is left
    leftovers,        // something does not die of SIGKILL
    supervisor_gone,  // the tree was killed for that reason
  };
  // Returns when the command has been reaped.
  End until_dead();
  // A stop order reached the command while it lived.
  bool has_stopped_it() const { return has_stopped_it_; }
  // Why it was killed for what it wrote; empty: it was not.
  const std::string& excess() const { return excess_; }

 private:
  bool is_over();
  bool must_kill() const;
  void kill_tree();
  bool wait_for_news();
  bool obey_orders();
  void obey_what_was_read();
  std::optional<TimePoint> deadline() const;
  void look_at_output();
  void stop(std::chrono::microseconds grace);
  void signal_group(int signal);

  Sources sources_;
  Sequence sequence_;
  std::chrono::microseconds grace_;
  OutputBound output_;
  Orders& orders_;
  ProcessTree& tree_;
  Reaper& reaper_;
  Reaper::Left left_ = Reaper::Left::some;
  std::optional<TimePoint> kill_at_;  // a stop was ordered: KILL is due then
  bool has_stopped_it_ = false;
  std::string excess_;
  bool is_killed_ = false;  // KILL went out, and what is left does not die of it
};

}  // namespace jobpool::worker
