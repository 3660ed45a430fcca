// Ends what an earlier instance left running because it was itself killed. jobpoold, at start, before it starts anything; may take
// a moment: the one place where the supervisor waits.
#pragma once

#include <cstddef>

#include "common/result.hpp"
#include "daemon/supervisor/instance.hpp"

namespace jobpool::supervisor {

// Kills every process of our uid with the earlier instance's JOBPOOL_INSTANCE in its environment, until none is found; returns how many.
// A process that erased its environment or changed its uid is not found.
// Errors: timed_out: something would not die within seconds (the text names a pid).
Result<std::size_t> kill_leftovers(const Instance& earlier, const Instance& now);

}  // namespace jobpool::supervisor
