// How a worker process begins: its shared memory, its two sockets, its program. jobpoold's main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/shm/segment.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/installed_program.hpp"
#include "daemon/supervisor/spawner.hpp"

namespace jobpool::supervisor {

// A process that has just begun, and our ends of what it has.
struct NewWorker {
  Child child;
  UniqueFd liveness;  // closed: "leave"
  UniqueFd orders;    // the broker's end
  shm::SegmentFds segment;
};

class WorkerStart {
 public:
  struct Launch {
    std::string program;                 // a path
    std::vector<std::string> arguments;  // the same for all
    std::vector<std::string> environment;
    int output_dir = -1;  // must outlive
  };

  // `spawner` must outlive it.
  WorkerStart(Spawner& spawner, Launch launch);

  // `place`: the words that say which worker it is (common/control/arguments.hpp); without them it waits until they are sent (place.hpp).
  // Errors: as Spawner::spawn, and io.
  Result<NewWorker> start(std::uint32_t threads, const std::vector<std::string>& place);

 private:
  Result<Child> spawn(const std::vector<std::string>& place, const NewWorker& ours, int liveness, int orders);

  Spawner& spawner_;
  const Launch launch_;
  InstalledProgram program_;
};

}  // namespace jobpool::supervisor
