// Starting a program without a shell: what autostart and the user's systemd unit share. The child gets no descriptor of ours.
#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

// What the child finds: stdin, and both outputs, from these files; nothing else is open. Freed at the end of the scope.
class SpawnSetup {
 public:
  SpawnSetup(const char* input, const char* outputs);
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup();

  // A daemon's surroundings: own session, default signals, and no directory kept busy.
  void make_daemon();

  const posix_spawn_file_actions_t& actions() const { return actions_; }
  const posix_spawnattr_t& attributes() const { return attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

struct Spawned {
  pid_t pid;
  UniqueFd pidfd;  // readable when it is dead
};

// A first word without a slash is looked up in PATH. Errors: not_found, permission_denied, io, naming the program.
Result<Spawned> spawn(std::vector<std::string> words, const SpawnSetup& setup);

}  // namespace jobpool::cli
