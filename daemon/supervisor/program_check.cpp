// See program_check.hpp.
#include "daemon/supervisor/program_check.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/supervisor/exec_pointers.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};  // it takes milliseconds; both together less than the trial may

// Its stdout is nobody's, and no signal is blocked. 0, or errno.
int spawn(const std::string& program, std::vector<std::string> words, pid_t& pid) {
  words.insert(words.begin(), program);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, exec_pointers(words).data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

Error unfit(const std::string& program, const std::string& how) {
  return Error{Errc::unsupported, program + " does not work here (" + how + "); mend what is installed, then reload again"};
}

Result<void> check_program(const std::string& program, std::vector<std::string> words) {
  if (::access(program.c_str(), X_OK) != 0) return errno_error(program);
  pid_t pid = 0;
  if (const int error = spawn(program, std::move(words), pid); error != 0) return errno_error(program, error);
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  const bool is_late = process && ::poll(&ended, 1, static_cast<int>(kPatience.count())) == 0;
  if (is_late) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (is_late) return unfit(program, "it does not end");
  if (WIFSIGNALED(status)) return unfit(program, "signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return unfit(program, "exit code " + std::to_string(WEXITSTATUS(status)) + "; its reason is above");
  return {};
}

}  // namespace

Result<void> check_programs(const std::string& program_dir, const std::string& state_dir) {
  if (auto checked = check_program(program_dir + "/jobpool-broker", {"--check-store", state_dir}); !checked) return checked;
  return check_program(program_dir + "/jobpool-worker", {"--version"});
}

}  // namespace jobpool::supervisor
