// What /proc tells of processes: whose child one is, and what its environment says. jobpoold, when something was left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace jobpool::supervisor {

struct ProcessStatus {
  pid_t pid = 0;
  char state = '?';  // Z: dead, waits to be reaped; or its first thread alone has ended
  pid_t parent = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  bool is_dying = false;         // it has got SIGKILL, or is on its way out already
};

// The fields of a line of /proc/PID/stat; nothing if it is not such a line. The program's name in it may hold blanks and brackets.
std::optional<ProcessStatus> parse_status(std::string_view line);

// Nothing: there is no such process (any more).
std::optional<ProcessStatus> process_status(pid_t pid);

// Living and dead children. Costs one open and read per process of the host.
std::vector<ProcessStatus> children_of(pid_t parent);

// The pids of all processes that have a child. Costs the same.
std::unordered_set<pid_t> all_parents();

// Processes of our uid, but for ourselves, whose environment holds exactly `assignment` ("NAME=value").
std::vector<pid_t> processes_with_environment(const std::string& assignment);
bool has_environment(pid_t pid, const std::string& assignment);

}  // namespace jobpool::supervisor
