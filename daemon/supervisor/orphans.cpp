// Reaping and killing by the main thread's own list of children: see spawner.hpp for why it holds only orphans.
#include "daemon/supervisor/orphans.hpp"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/supervisor/process_scan.hpp"

namespace jobpool::supervisor {

Orphans::Orphans(std::function<bool(pid_t)> is_known) : is_known_(std::move(is_known)) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (reap_dead() == Found::none) return;
  for (const ProcessStatus& child : children_of(::getpid())) spared_.insert(child.pid);
}

Orphans::State Orphans::sweep() {
  if (reap_dead() == Found::none) return State::none;
  return kill_living() ? State::dying : State::none;
}

Orphans::Found Orphans::reap_dead() {
  for (;;) {
    siginfo_t dead{};
    if (::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | __WNOTHREAD | __WALL) != 0) return Found::none;  // ECHILD
    if (dead.si_pid == 0) return Found::only_living;
    spared_.erase(dead.si_pid);
  }
}

// Whether any was there that is not spared. No process descriptors are needed: only this thread reaps them, so their pids are theirs.
bool Orphans::kill_living() {
  bool found = false;
  for (const ProcessStatus& child : children_of(::getpid())) {
    if (is_known_(child.pid) || spared_.contains(child.pid)) continue;
    if (::kill(child.pid, SIGKILL) == 0) {
      if (child.state != 'Z') ++killed_;
      found = true;
      continue;
    }
    spdlog::error("process {} was left behind by a worker and cannot be killed: {}; ignoring it", child.pid, std::strerror(errno));
    spared_.insert(child.pid);
  }
  return found;
}

}  // namespace jobpool::supervisor
