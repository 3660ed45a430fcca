// posix_spawn, wrapped. See spawn.hpp.
#include "client/cli/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace jobpool::cli {

SpawnSetup::SpawnSetup(const char* input, const char* outputs) {
  ::posix_spawnattr_init(&attributes_);
  ::posix_spawn_file_actions_init(&actions_);
  ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, input, O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, outputs, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  ::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
}

SpawnSetup::~SpawnSetup() {
  ::posix_spawn_file_actions_destroy(&actions_);
  ::posix_spawnattr_destroy(&attributes_);
}

void SpawnSetup::make_daemon() {
  ::posix_spawn_file_actions_addchdir_np(&actions_, "/");
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes_, &all);
  ::posix_spawnattr_setsigmask(&attributes_, &none);
  ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

Result<Spawned> spawn(std::vector<std::string> words, const SpawnSetup& setup) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv.front(), &setup.actions(), &setup.attributes(), argv.data(), environ);
  if (failed != 0) return errno_error("start " + words.front(), failed);
  UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!pidfd) return errno_error("pidfd_open");
  return Spawned{pid, std::move(pidfd)};
}

}  // namespace jobpool::cli
