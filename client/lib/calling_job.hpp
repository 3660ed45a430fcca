// Which job this process is, or runs in, as its environment says; used where a call may make that job wait.
#pragma once

#include <optional>

#include "common/ids.hpp"

namespace jobpool::client {

std::optional<JobId> calling_job();

}  // namespace jobpool::client
