// Whether the broker's loop turns: what is to be done about it at each look. Pure; `now` is passed in.
#pragma once

#include <chrono>
#include <optional>

#include "common/clock.hpp"

namespace jobpool::supervisor {

class Checkup {
 public:
  enum class Finding {
    to_be_asked,  // it has answered, or was never asked
    awaited,      // it was asked, and has some time left
    silent,       // for too long: to be ended, once
    beyond_help,  // it was, and is still there
  };

  Finding look(TimePoint now, std::chrono::microseconds patience) {
    if (!asked_) {
      asked_ = now;
      return Finding::to_be_asked;
    }
    if (now - *asked_ < patience) return Finding::awaited;
    if (is_ended_) return Finding::beyond_help;
    is_ended_ = true;
    return Finding::silent;
  }
  // It has answered, or another one takes its place.
  void forget() { *this = {}; }

 private:
  std::optional<TimePoint> asked_;
  bool is_ended_ = false;
};

}  // namespace jobpool::supervisor
