// What supervisor and worker both do with cgroups of their own: kill what is in one, and remove it. cgroup v2 (Linux 5.14).
#pragma once

#include <string>

#include "common/result.hpp"

namespace jobpool {

// KILL to all that is in this cgroup and below, by the kernel in one step: no fork slips out of it. They are dead a little later.
// Errors: io, not_found.
Result<void> kill_cgroup(int directory);

// With all below it, which must have no process any more. True where there was none, too. A job may have made some of its own; the kernel
// bounds their depth (cgroup.max.depth).
bool remove_cgroup(int parent, const std::string& name);

}  // namespace jobpool
