// See bare_spawns.hpp. The spawners are processes of their own: small ones, as a spawn costs what page tables its parent has.
#include "tests/bench/bare_spawns.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

UniqueFd output_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) give_up(path);
  return file;
}

void spawn_one(const std::string& path) {
  const UniqueFd out = output_file(path + ".out"), err = output_file(path + ".err");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
  char program[] = "/bin/true";
  char* const argv[] = {program, nullptr};
  pid_t pid = -1;
  int status = 0;
  if (::posix_spawn(&pid, program, &actions, nullptr, argv, environ) != 0 || ::waitpid(pid, &status, 0) != pid || status != 0)
    give_up("/bin/true");
  ::posix_spawn_file_actions_destroy(&actions);
  char output[4096];
  if (::pread(out.get(), output, sizeof(output), 0) != 0 || ::pread(err.get(), output, sizeof(output), 0) != 0) give_up("its output");
}

}  // namespace

void spawn_bare(const std::string& folder, long times, int spawners) {
  std::vector<pid_t> children;
  for (int i = 0; i < spawners; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    for (long left = times / spawners; left > 0; --left) spawn_one(folder + "/bare" + std::to_string(i));
    std::_Exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) give_up("a bare spawner");
  }
}

}  // namespace jobpool::bench
