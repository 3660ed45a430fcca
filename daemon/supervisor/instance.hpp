// The name of one life of the daemon, and its record on disk, from which the next life finds what this one left behind. jobpoold.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::supervisor {

struct Instance {
  std::string id;       // 32 hexadecimal digits, random
  std::string boot_id;  // the kernel's; another one means that nothing can be left
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // of the supervisor, in clock ticks since boot
  // When this life began, by CLOCK_BOOTTIME: before its socket listened, so that what was sent to it was sent later. Not in the record.
  std::int64_t since_usec = 0;
  std::string cgroup;  // as Cgroup::base(): where its jobs run; empty: it has none
};

// What an instance has been through; brokers are told, and a reload remembers it.
struct History {
  unsigned broker_starts = 0;
  unsigned reloads = 0;         // it has become another program
  unsigned failed_reloads = 0;  // it could not, and its broker had ended for that already
};

// Errors: io (no randomness, no /proc).
Result<Instance> new_instance();

// One line "jobpool-instance 1 <id> <boot id> <pid> <start time>[ "<cgroup>"]\n". (What reads version 1 stops before the last word.)
std::string to_text(const Instance& instance);
// Errors: protocol: not such a line.
Result<Instance> instance_from(std::string_view text);

}  // namespace jobpool::supervisor
