// What an instance is started with: defaults, then the configuration file, then the environment (JOBPOOLD_…), then the command line.
// jobpoold, before it starts anything.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace jobpool::supervisor {

// Seven descriptors each in the supervisor; more processes than this serve nobody on one host.
using jobpool::kMaxWorkers;

// More deaths at once are rare, and each spare takes its memory.
inline constexpr std::uint32_t kMaxSpareWorkers = 16;

// How much the broker takes and keeps. Unset: what broker/core decides (CoreLimits), of output what worker/command/output_bound.hpp does.
struct Limits {
  std::optional<std::uint64_t> queue;           // jobs that are ready or waiting
  std::optional<std::uint64_t> queue_per_user;  // of one uid
  std::optional<std::uint64_t> kept_count;      // ended jobs
  std::optional<std::chrono::seconds> kept_for;
  std::optional<std::uint64_t> output = {};  // bytes of what one attempt of a command writes

  bool operator==(const Limits&) const = default;
};

// What one source says; the others leave the rest alone.
struct Wishes {
  std::optional<std::string> socket;
  std::optional<std::string> state_dir;
  std::optional<std::uint32_t> workers;
  std::optional<std::uint32_t> spare_workers;
  std::optional<std::vector<std::string>> plugin_dirs;
  std::optional<std::string> log_level;
  std::optional<std::chrono::seconds> drain_time;
  Limits limits;
  std::optional<std::string> access_group;
};

// What `over` does not say, as `under` says it.
Wishes layered(const Wishes& over, const Wishes& under);

struct Settings {
  std::string socket;
  std::string state_dir;
  std::uint32_t workers = 1;
  std::uint32_t spare_workers = 1;  // processes that were started ahead, for the next places to be filled
  std::vector<std::string> plugin_dirs;
  std::string log_level = "info";
  std::chrono::seconds drain_time{30};
  Limits limits;
  std::optional<gid_t> access_group;  // its members may connect as well
  std::string program_dir;            // where jobpool-broker and jobpool-worker are
};

// The configuration file: the one that was given, else the one of $JOBPOOLD_CONFIG (a "-" before it: it may be missing), else
// $XDG_CONFIG_HOME/jobpool/jobpool.toml where it is there. nullopt: there is none.
std::optional<std::string> find_config(const std::optional<std::string>& given);

// All paths of the result are absolute. `over` wins over `under`, and both over the defaults.
// Errors: invalid_argument (a number out of range), not_found (no home for the state, no programs, no such group), unsupported (an account
// that cannot be told from others).
Result<Settings> settle(const Wishes& over, const Wishes& under, const std::optional<std::string>& program_dir);

}  // namespace jobpool::supervisor
