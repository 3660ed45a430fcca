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
  WorkerNumber number;
  Incarnation incarnation;
  std::string instance;
  std::string socket;
  std::string log_level = "info";
  std::vector<std::string> plugin_dirs;
  std::uint64_t output_limit = UINT64_MAX;  // of one attempt, in bytes
  std::string cgroup;                       // where this worker may make cgroups; empty: it has none
};

// Errors: invalid_argument, naming the word.
Result<Arguments> parse_arguments(std::span<char* const> words);

}  // namespace jobpool::worker
