// Whether something that may happen thousands of times a second is to be logged again. One thread.
#pragma once

#include "common/clock.hpp"
#include "daemon/broker/server/limits.hpp"

namespace jobpool::broker {

class Complaints {
 public:
  // Then the next one is due after kComplaintInterval.
  bool is_due(TimePoint now) {
    if (now < next_) return false;
    next_ = now + kComplaintInterval;
    return true;
  }

 private:
  TimePoint next_{};
};

}  // namespace jobpool::broker
