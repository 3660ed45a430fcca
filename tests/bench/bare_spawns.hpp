// The floor of commands: /bin/true spawned and waited for, its output to two files that are read again, by so many spawners at once.
#pragma once

#include <string>

namespace jobpool::bench {

// Returns when the last has ended. Requires: the caller has one thread, `times` can be divided by `spawners`.
void spawn_bare(const std::string& folder, long times, int spawners);

}  // namespace jobpool::bench
