// What /proc tells of processes: memory, wake-ups, time on a processor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace jobpool::bench {

// Proportional set size: what several processes share counts once, over all of them. Gives up when the process is gone.
double pss_bytes(pid_t pid);
double pss_bytes(const std::vector<pid_t>& pids);

// Of its program, at most 15 bytes, or what it calls itself. Empty: it is gone.
std::string name_of(pid_t pid);

// With all descendants.
std::vector<pid_t> family_of(pid_t pid);

// Of all threads, since they began.
struct Activity {
  std::uint64_t wake_ups = 0;  // times that a thread slept by itself and was woken
  std::uint64_t preempted = 0;
  double cpu_usec = 0;
};
Activity activity_of(const std::vector<pid_t>& pids);

}  // namespace jobpool::bench
