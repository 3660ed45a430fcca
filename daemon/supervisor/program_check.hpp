// Before a reload: the programs that would be started then are run once, to no other end than to see that they can be. A library that is
// not there, a torn file or a store that they do not know is told while the old ones still serve.
// The trial run's process, which has one thread and no children.
#pragma once

#include <string>

#include "common/result.hpp"

namespace jobpool::supervisor {

// Errors: not_found, permission_denied: there is none of that name, or it is not to be executed; unsupported: it does not say in time that
// it would work, and what it said instead is on stderr.
Result<void> check_programs(const std::string& program_dir, const std::string& state_dir);

}  // namespace jobpool::supervisor
