// Starts programs with descriptors at fixed numbers, from a thread of its own. jobpoold: its only thread beside the main one.
//
// Why a thread: children belong to the thread that made them, while the kernel hands orphans to the main thread. So the main
// thread's own children are exactly those that the supervisor did not spawn, and one waitid(__WNOTHREAD) tells whether there are any,
// at no cost even while thousands of workers come and go; a look through all of /proc would be the alternative. The thread touches
// nothing but the plan it is given. It ends when the supervisor executes its successor: its children are the main thread's from then on
// (see orphans.hpp), and those that had PR_SET_PDEATHSIG are dead, so workers have another way to die with us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

struct PlacedFd {
  int source;  // borrowed
  int target;  // 3 or above; targets are contiguous from 3
};

enum class FileLimit {
  raised,    // as the supervisor's own: for the broker and its connections
  original,  // as the supervisor was started with: for workers, whose jobs inherit it
};

struct SpawnPlan {
  std::string program;                   // a path, whose last name is also the child's
  std::string file = {};                 // another way to it, for the kernel; empty: `program`
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // NAME=value
  std::vector<PlacedFd> fds;
  FileLimit file_limit = FileLimit::raised;
};

struct Child {
  pid_t pid = 0;
  UniqueFd process;  // pidfd
};

class Spawner {
 public:
  // Raises the limit of open files to the hard limit and starts the thread. `file_limit`: the soft limit that workers get, if
  // it is not the one we have. Errors: io.
  // Requires: signals are blocked that the main thread reads from a signalfd.
  static Result<std::unique_ptr<Spawner>> start(std::optional<std::uint64_t> file_limit = {});
  virtual ~Spawner() = default;

  // The child: a session of its own (a terminal's ^C is the supervisor's affair), no signal blocked or ignored, stdin /dev/null, stdout
  // and stderr inherited, nothing else open but `fds`. Waits for the exec, so that its failure is known.
  // Errors: not_found, permission_denied, io: the text names the program.
  virtual Result<Child> spawn(const SpawnPlan& plan) = 0;
};

}  // namespace jobpool::supervisor
