// Finds, checks and loads plugins (jobpool_task.h). Worker process, its one thread, once at start.
#pragma once

#include <string>
#include <vector>

#include "common/result.hpp"
#include "daemon/worker/function/function_table.hpp"

namespace jobpool::worker {

// Loads every *.so of the directories and adds its functions. What cannot be used is logged and passed over: one bad plugin must not
// take the others' functions away.
void load_plugins(const std::vector<std::string>& directories, FunctionTable& table);

// The same for one file. Errors: permission_denied: others could write it; io: does not load; unsupported: another ABI or no table.
Result<void> load_plugin(const std::string& path, FunctionTable& table);

}  // namespace jobpool::worker
