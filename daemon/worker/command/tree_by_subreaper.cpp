// The process tree without cgroups: orphans become our children, and children are killed to a fixpoint.
// Worker process, its one thread.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "common/clock.hpp"
#include "daemon/worker/command/process_scan.hpp"
#include "daemon/worker/command/process_tree.hpp"

namespace jobpool::worker {
namespace {

constexpr std::chrono::seconds kKillPatience{10};   // then it hangs in the kernel, and no signal will ever reach it
constexpr std::chrono::milliseconds kLookAgain{5};  // a process that was forked unseen exits by itself or is seen now

class SubreaperTree final : public ProcessTree {
 public:
  Result<void> begin(const Attempt&) override { return {}; }
  int cgroup() const override { return -1; }

  // Parents before their children: a shell that saw its child die of TERM first would go on with its script, or end as if all were well.
  void signal_all(int signal) override {
    std::vector<ProcessEntry> tree = scan_descendants(::getpid());
    std::sort(tree.begin(), tree.end(),
              [](const ProcessEntry& a, const ProcessEntry& b) { return std::tie(a.start_time, a.pid) < std::tie(b.start_time, b.pid); });
    for (const ProcessEntry& process : tree) signal_process(process, signal);
  }

  Result<void> kill_all(Reaper& reaper) override {
    const TimePoint deadline = Clock::now() + kKillPatience;
    while (reaper.reap() == Reaper::Left::some) {
      kill_once();
      if (Clock::now() > deadline) return Error{Errc::timed_out, "processes of the job do not die of SIGKILL"};
      reaper.wait_for_exit(kLookAgain);
    }
    return {};
  }

  void end() override {}

 private:
  // By group as well as one by one: the kernel signals a group and lets no fork slip out of it, which a list of pids cannot do. Every
  // group of a descendant holds descendants only, since the command began a session of its own.
  static void kill_once() {
    std::set<pid_t> groups;
    const pid_t own_group = ::getpgrp();
    for (const ProcessEntry& process : scan_descendants(::getpid())) {
      signal_process(process, SIGKILL);
      if (process.group > 1 && process.group != own_group && groups.insert(process.group).second) ::kill(-process.group, SIGKILL);
    }
  }
};

}  // namespace

std::unique_ptr<ProcessTree> make_subreaper_tree() { return std::make_unique<SubreaperTree>(); }

}  // namespace jobpool::worker
