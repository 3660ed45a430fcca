// One start of a job, or the recorded intention to start it: from the offer to its own end. The job's history is made of these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids.hpp"
#include "common/outcome.hpp"

namespace jobpool::broker {

// It could run before the broker that tells of it knew it.
inline constexpr std::int64_t kReadyUnknown = -1;

struct Attempt {
  std::uint64_t recorded_by = 0;                  // from the store: the instance of the daemon, as a number; another's memory is gone
  std::uint32_t number = 0;                       // 1 for the first
  WorkerNumber worker;                            // 0: not offered to anybody yet
  std::int32_t pid = 0;                           // 0: not known
  std::int64_t started_usec = 0, ended_usec = 0;  // wall clock; 0: not yet, or not known
  std::int64_t ready_usec = 0;                    // when it could first run; 0: not yet; kReadyUnknown. Not in the store
  std::optional<Outcome> outcome;                 // how this attempt ended; empty while it has not
  std::optional<int> exit_code, signal;
  std::int64_t user_usec = 0, system_usec = 0, max_rss_bytes = 0;
  std::string reason, error_type;  // in words: "worker 3 was killed by signal 9 after this job had started"
};

}  // namespace jobpool::broker
