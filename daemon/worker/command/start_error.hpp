// Turns a failed start into what a shell user expects: an exit code (126, 127, else 125) and a sentence. Worker process.
#pragma once

#include <string>

#include "common/job/spec.hpp"
#include "daemon/worker/command/exec_plan.hpp"
#include "daemon/worker/command/spawner.hpp"

namespace jobpool::worker {

constexpr int kOwnFailure = 125;  // jobpool's, not the command's

struct StartError {
  int code;
  std::string reason;
};

StartError explain(const SpawnFailure& failure, const CommandSpec& spec, const ExecPlan& plan);

}  // namespace jobpool::worker
