// Since when jobs wait at queues. A job may wait in several calls at once: that is one wait. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "common/clock.hpp"
#include "common/ids.hpp"

namespace jobpool::broker {

class BlockedTimes {
 public:
  // One more call of it waits, from `now_usec` on. True: it did not wait before.
  bool begin(JobId job, std::int64_t now_usec) {
    Wait& wait = waits_[job];
    if (wait.calls == 0) wait.since_usec = now_usec;
    return ++wait.calls == 1;
  }
  // One of those does not. How long it waited, when it was the last.
  std::optional<Microseconds> end(JobId job, std::int64_t now_usec) {
    const auto found = waits_.find(job);
    if (found == waits_.end() || --found->second.calls > 0) return std::nullopt;
    const std::int64_t time = now_usec - found->second.since_usec;
    waits_.erase(found);
    return Microseconds{time > 0 ? time : 0};
  }
  // 0: it does not wait.
  std::int64_t since(JobId job) const {
    const auto found = waits_.find(job);
    return found == waits_.end() ? 0 : found->second.since_usec;
  }

 private:
  struct Wait {
    std::size_t calls = 0;
    std::int64_t since_usec = 0;
  };
  std::unordered_map<JobId, Wait> waits_;
};

}  // namespace jobpool::broker
