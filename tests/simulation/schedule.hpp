// One schedule: the steps that a seed draws, then peace until everything has ended. Throws a Violation when a promise is broken.
#pragma once

#include <cstdint>

#include "tests/simulation/tally.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/world.hpp"

namespace jobpool::simulation {

Tally run_schedule(Memory& memory, std::uint64_t seed, std::size_t steps, Mutant mutant, const Trace& trace);

}  // namespace jobpool::simulation
