// What outlives every other process of an instance, and at a reload the program too: built at a start, or taken over from the predecessor.
// jobpoold, before the supervisor lives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/cgroup.hpp"
#include "daemon/supervisor/instance.hpp"
#include "daemon/supervisor/listener.hpp"
#include "daemon/supervisor/resume_record.hpp"
#include "daemon/supervisor/settings.hpp"
#include "daemon/supervisor/state_dir.hpp"

namespace jobpool::supervisor {

struct House {
  Settings settings;
  Instance instance;
  Listener listener;
  StateDir state;
  UniqueFd output_dir;
  UniqueFd ledger;
  Invocation invocation;
  std::vector<std::string> arguments;  // of the command line
  std::optional<Cgroup> cgroup;        // nothing: processes are followed without
};

// Nothing is left of an earlier instance, before anything else is made. Errors: as StateDir, Listener and kill_leftovers.
Result<House> build_house(Settings settings, Invocation invocation, std::vector<std::string> arguments);

// `wanted`: the settings as command line and configuration have them now. Where the socket and the state are stays; that is said in the
// log where it differs. Errors: protocol: a descriptor is missing.
Result<House> take_over_house(const ResumeRecord& record, Settings wanted, std::vector<std::string> arguments);

// All of it but the workers and brokers.
ResumeRecord remember(const House& house);

}  // namespace jobpool::supervisor
