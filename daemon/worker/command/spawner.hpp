// The one place where this house starts a user's process: a vfork-style clone with a pidfd, then execve.
// Worker process, its one thread. posix_spawn can set neither umask, rlimits, the death signal nor a cgroup.
//
// While the child is between clone and exec it runs on the worker's memory: it calls only async-signal-safe functions, writes nothing
// but its own stack and the fields for its failure, and the worker stands still. Limit: an execve that hangs (a dead network file
// system) holds the worker for as long.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <variant>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/command/exec_plan.hpp"

namespace jobpool::worker {

struct SpawnRequest {
  const ExecPlan& plan;
  int streams[3];  // become 0, 1, 2; Requires: each above 2
  const char* cwd;
  mode_t umask;
  const std::optional<int>& nice;  // absent: as the worker
  std::uint64_t file_limit;        // RLIMIT_FSIZE; 0 = leave it
  std::uint64_t memory_bytes;      // RLIMIT_DATA, likewise
  int cgroup;                      // the directory of the one in which the child is born; -1: the worker's
};

struct Spawned {
  pid_t pid;
  UniqueFd pidfd;
};

// Which step failed, and errno. For `exec`: EACCES if any candidate was there but forbidden, as execvp has it.
enum class SpawnStep : int { none, clone, orphaned, session, streams, cgroup, directory, limit, memory, nice, exec };
struct SpawnFailure {
  SpawnStep step;
  int number;
};

class Spawner {
 public:
  // Maps the child's stack. Errors: io.
  static Result<Spawner> create();

  Spawner(Spawner&& other) noexcept;
  Spawner& operator=(Spawner&&) = delete;
  ~Spawner();

  // The child leads its own session, has default signal dispositions and an empty mask, and dies with the worker (as far as
  // PR_SET_PDEATHSIG reaches). A child that failed is reaped already.
  std::variant<Spawned, SpawnFailure> spawn(const SpawnRequest& request);

 private:
  explicit Spawner(void* stack) : stack_(stack) {}
  void* stack_;
};

}  // namespace jobpool::worker
