// Reaping and killing by the main thread's own list of children: see spawner.hpp for why it holds only orphans.
#include "daemon/supervisor/orphans.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/log.hpp"
#include "daemon/supervisor/process_scan.hpp"

namespace jobpool::supervisor {

Orphans::Orphans(std::function<bool(pid_t)> is_known) : is_known_(std::move(is_known)) { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

void Orphans::spare_existing() {
  if (reap_dead() == Found::none) return;
  for (const ProcessStatus& child : children_of(::getpid())) spared_.insert(child.pid);
}

Orphans::State Orphans::sweep() {
  if (reap_dead() == Found::none) return State::none;
  return kill_living() ? State::dying : State::none;
}

void Orphans::give_up_waiting(TimePoint killed_before) {
  std::erase_if(dying_, [&](const auto& one) {
    const auto [pid, killed] = one;
    if (killed > killed_before) return false;
    log::warn("process {}, which a worker left behind, does not die of SIGKILL: it hangs in the kernel", pid);
    hung_.insert(pid);
    return true;
  });
}

Orphans::Found Orphans::reap_dead() {
  for (;;) {
    siginfo_t dead{};
    if (::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD | __WALL) != 0) return Found::none;  // ECHILD
    // A known one that is dead hides those behind it from this call; kill_living() finds them.
    if (dead.si_pid == 0 || is_known_(dead.si_pid)) return Found::some;
    reap(dead.si_pid);
  }
}

bool Orphans::reap(pid_t pid) {
  siginfo_t dead{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &dead, WEXITED | WNOHANG | __WALL) != 0 || dead.si_pid != pid) return false;
  spared_.erase(pid);
  dying_.erase(pid);
  hung_.erase(pid);
  return true;
}

// Whether any was there that is waited for. No process descriptors are needed: only this thread reaps them, so their pids are theirs.
bool Orphans::kill_living() {
  for (;;) {
    bool has_reaped = false, has_killed = false;
    for (const ProcessStatus& child : children_of(::getpid())) {
      if (is_known_(child.pid)) continue;
      // Of whose first thread alone has ended /proc says the same; it cannot be reaped, and lives.
      if (child.state == 'Z' && reap(child.pid))
        has_reaped = true;
      else if (!spared_.contains(child.pid) && !hung_.contains(child.pid))
        has_killed = kill(child.pid) || has_killed;
    }
    // The children of one that died during the search are ours since, and may have been passed over.
    if (has_killed || !has_reaped) return has_killed;
  }
}

bool Orphans::kill(pid_t pid) {
  if (::kill(pid, SIGKILL) == 0) {
    if (dying_.try_emplace(pid, Clock::now()).second) ++killed_;
    return true;
  }
  log::error("process {} was left behind by a worker and cannot be killed: {}; ignoring it", pid, std::strerror(errno));
  spared_.insert(pid);
  return false;
}

}  // namespace jobpool::supervisor
