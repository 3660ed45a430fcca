// Kill, wait for the deaths, look again: until a look finds nothing.
#include "daemon/supervisor/leftovers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <vector>

#include "common/clock.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/process_scan.hpp"

namespace jobpool::supervisor {
namespace {

// A killed process dies in microseconds unless it hangs in the kernel (a dead network disk).
constexpr std::chrono::seconds kLeftoversPatience{5};

int milliseconds_until(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

// The descriptor comes first: if the pid is given to another process afterwards, the signal fails instead of hitting that one.
UniqueFd kill_if_left(pid_t pid, const std::string& assignment) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process || !has_environment(pid, assignment)) return {};
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0) return {};
  return process;
}

bool wait_for_death(const UniqueFd& process, TimePoint deadline) {
  pollfd dead{process.get(), POLLIN, 0};
  return ::poll(&dead, 1, milliseconds_until(deadline)) > 0;
}

}  // namespace

Result<std::size_t> kill_leftovers(const Instance& earlier, const Instance& now) {
  if (earlier.boot_id != now.boot_id) return std::size_t{0};
  const std::string assignment = "JOBPOOL_INSTANCE=" + earlier.id;
  const TimePoint deadline = Clock::now() + kLeftoversPatience;
  std::set<pid_t> killed;
  for (auto found = processes_with_environment(assignment); !found.empty(); found = processes_with_environment(assignment)) {
    std::vector<UniqueFd> dying;
    for (const pid_t pid : found) {
      UniqueFd process = kill_if_left(pid, assignment);
      if (!process) continue;
      killed.insert(pid);
      dying.push_back(std::move(process));
    }
    for (const UniqueFd& process : dying) wait_for_death(process, deadline);
    if (Clock::now() >= deadline) {
      return Error{Errc::timed_out, "an earlier instance left process " + std::to_string(found.front()) + ", which does not die"};
    }
  }
  return killed.size();
}

}  // namespace jobpool::supervisor
