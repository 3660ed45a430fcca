// Looking at the machine's processes, to see what a daemon started and what it left behind. Reads /proc only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jobpool::testing {

// Alive: exists and is no zombie.
bool is_alive(pid_t pid);

// 0: gone.
pid_t parent_of(pid_t pid);

// Zombies too.
std::vector<pid_t> children_of(pid_t parent);

// Living children whose program name (at most 15 bytes, as the kernel keeps it) is `name`.
std::vector<pid_t> children_named(pid_t parent, std::string_view name);

// Living processes whose environment or command line holds `text`, without this one and its own children.
std::vector<pid_t> processes_with(std::string_view text);

// "1234 sleep 1000" for messages.
std::string describe(const std::vector<pid_t>& pids);

// Signals `pid` only if it is still the child of `parent` (numbers are used again). False: it was not.
bool signal_child(pid_t pid, pid_t parent, int signal);

// VmRSS of /proc/PID/status.
std::int64_t resident_bytes(pid_t pid);

// Lets this process open as many files as it may. Returns how many that are.
std::uint64_t raise_file_limit();

}  // namespace jobpool::testing
