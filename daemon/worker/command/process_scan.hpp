// Finds and signals the descendants of this process by reading /proc. Worker process, its one thread.
#pragma once

#include <sys/types.h>

#include <vector>

namespace jobpool::worker {

struct ProcessEntry {
  pid_t pid;
  pid_t parent;
  pid_t group;
  unsigned long long start_time;  // in clock ticks since boot: with the pid it names one process for ever
};

// All descendants of `ancestor` that were seen, the youngest pid first: a tree that re-forks is caught at its newest end. Zombies as well:
// /proc calls so whoever's first thread has ended, while others of its threads run on. To signal a dead one does nothing.
// Processes that come and go meanwhile may be missed: repeat until none is left.
std::vector<ProcessEntry> scan_descendants(pid_t ancestor);

// Sends `signal` to that very process, never to another one that got its pid.
void signal_process(const ProcessEntry& process, int signal);

}  // namespace jobpool::worker
