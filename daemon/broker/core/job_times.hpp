// How long a job was ready, running and waiting, and when: told from the times that its attempts have. Pure.
// What is known of that outlives a broker as far as the store does (see restore_ready_times()); what is not is said, never guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/pause_log.hpp"

namespace jobpool::broker {

// A time that it was in one state. Waiting: before it could run, or while its pool was paused.
struct Period {
  JobState state;
  std::int64_t begin_usec = 0;
  std::optional<std::int64_t> end_usec;  // absent: it is in that state, or has ended for good
};

struct JobTimes {
  // Their sums; absent: part of it is not known.
  std::optional<Microseconds> ready, running, waiting;
  std::optional<std::int64_t> since_usec;  // the state it is in; absent: not known
  std::vector<Period> history;             // oldest first; where it is not known what was, there is none
};

enum class History { wanted, not_wanted };

// Of one whose end must not be told yet: as if it went on. `pauses`: of its pool. `now`: wall clock.
JobTimes times_of(const Job& job, const PauseLog& pauses, std::int64_t now_usec, History history);

// Of a job that a new broker finds: when its attempts, and one to come, could first run, told from its terms and from the attempts before.
// `released_usec`: when the last of those that it comes after had ended; 0: it comes after none; kReadyUnknown; nullopt: some have not.
void restore_ready_times(Job& job, std::optional<std::int64_t> released_usec, std::int64_t now_usec);

}  // namespace jobpool::broker
