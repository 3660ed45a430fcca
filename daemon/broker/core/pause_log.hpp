// When a pool was paused: what of the time that its jobs were ready they were kept waiting. Pure; bounded.
#pragma once

#include <cstdint>
#include <deque>

#include "common/function_ref.hpp"

namespace jobpool::broker {

class PauseLog {
 public:
  // So many are remembered; of those before, their time counts as none.
  static constexpr std::size_t kKept = 256;

  // By the wall clock. A pause during a pause, or an end of none, changes nothing.
  void pause(std::int64_t at_usec);
  void resume(std::int64_t at_usec);

  // The parts of this time that the pool was paused in, oldest first.
  void each_within(std::int64_t begin_usec, std::int64_t end_usec, function_ref<void(std::int64_t, std::int64_t)> visit) const;

 private:
  struct Pause {
    std::int64_t begin, end;  // end: kOpen while it lasts
  };
  std::deque<Pause> pauses_;
};

}  // namespace jobpool::broker
