// The worker's command line, as common/control/arguments.hpp says it. Worker process, at start.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace jobpool::worker {

struct Arguments {
  WorkerNumber number;  // 0: a spare worker's, which is told it later
  Incarnation incarnation;
  std::string instance;
  std::string socket;
  std::string log_level = "info";
  std::vector<std::string> plugin_dirs;
  std::uint64_t output_limit = UINT64_MAX;  // of one attempt, in bytes
  std::string cgroup;                       // where this worker may make cgroups; empty: it has none
};

// What `known` has is kept where the words say nothing of it. Errors: invalid_argument, naming the word.
Result<Arguments> parse_arguments(std::span<const std::string> words, Arguments known = {});

}  // namespace jobpool::worker
