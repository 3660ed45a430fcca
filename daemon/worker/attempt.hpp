// Who runs what: the identity of this worker and of the attempt it has claimed. Worker process, any of its threads.
#pragma once

#include <cstdint>
#include <string>

#include "common/ids.hpp"

namespace jobpool::worker {

struct WorkerIdentity {
  WorkerNumber number;
  std::string instance;  // of the supervisor; also marks every process of a job in its environment
  std::string socket;    // where jobs reach the daemon
};

struct Attempt {
  Sequence sequence;  // which offer; orders name it
  JobId job;
  std::uint32_t number = 1;  // 1 for the job's first attempt
};

}  // namespace jobpool::worker
