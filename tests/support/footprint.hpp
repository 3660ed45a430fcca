// What a process holds of the machine: descriptors, shared memory, memory; and its children that nobody has reaped. Reads /proc only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace jobpool::testing {

// 0 where the process is gone.
std::size_t open_descriptors(pid_t pid);
// Mappings of memfds.
std::size_t shared_mappings(pid_t pid);
// Its share of all that is in memory for it (Pss).
std::int64_t proportional_bytes(pid_t pid);

std::vector<pid_t> zombies_of(pid_t parent);

}  // namespace jobpool::testing
