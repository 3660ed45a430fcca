// systemctl, with a time limit. See user_unit.hpp.
#include "client/cli/user_unit.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "client/cli/spawn.hpp"
#include "client/lib/connection.hpp"

namespace jobpool::cli {
namespace {

constexpr const char* kUnit = "jobpoold.socket";
constexpr int kNoSuchUnit = 5;  // systemctl's exit status, after the LSB's "program is not installed"

// Its exit status, 128 + N when it died of signal N; it is killed and reaped when the time is over.
Result<int> status_of(const Spawned& child, TimePoint deadline) {
  pollfd fd{child.pidfd.get(), POLLIN, 0};
  int ready = -1;
  do ready = ::poll(&fd, 1, client::poll_timeout(deadline));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) ::kill(child.pid, SIGKILL);  // our child, not reaped yet: the number is its own
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0)
    if (errno != EINTR) return errno_error("waitpid");
  if (ready <= 0) return Error{Errc::timed_out, "systemctl did not start jobpoold.socket in time"};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<void> start_user_unit(const std::string& runtime_directory, std::chrono::milliseconds patience) {
  // The manager's own socket: without it systemctl would only complain.
  const std::string manager = runtime_directory + "/systemd/private";
  if (runtime_directory.empty() || ::access(manager.c_str(), F_OK) != 0) return Error{Errc::not_found, "no systemd of the user"};
  const SpawnSetup setup("/dev/null", "/dev/null");
  const Result<Spawned> systemctl = spawn({"systemctl", "--user", "--quiet", "--no-ask-password", "start", kUnit}, setup);
  if (!systemctl) return Error{Errc::not_found, systemctl.error().text};
  const Result<int> status = status_of(*systemctl, Clock::now() + patience);
  if (!status) return status.error();
  if (*status == 0) return {};
  if (*status == kNoSuchUnit) return Error{Errc::not_found, "there is no jobpoold.socket"};
  return Error{Errc::closed, std::string{kUnit} + " could not be started (systemctl exited with " + std::to_string(*status) +
                                 "); see 'systemctl --user status " + kUnit + "'"};
}

}  // namespace jobpool::cli
