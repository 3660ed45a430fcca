// A worker that was started ahead, by which a dead one is replaced at once: what a program's start costs is behind it, and it waits for its
// place. Worker process, before it claims or loads anything.
#pragma once

#include "common/result.hpp"
#include "daemon/worker/arguments.hpp"

namespace jobpool::worker {

// Requires: nothing is armed yet that goes off when something comes over the socket (die_at_hangup).
// Errors: closed: the supervisor needs it no more, or is dead; protocol, invalid_argument: what came is no place.
Result<Arguments> wait_for_place(Arguments arguments, int supervisor_socket);

}  // namespace jobpool::worker
