// When what was handed over is committed: at once, or after a while in which others may join it.
// Pure, the time is passed in; owned by the store's thread.
#pragma once

#include <algorithm>

#include "common/clock.hpp"
#include "daemon/broker/core/urgency.hpp"

namespace jobpool::broker {

class CommitTime {
 public:
  // How long what is wanted `later` waits for others: where /bin/true takes 0.7 ms two workers end a dozen meanwhile, and commits take two
  // hundredths of the processors. Less than half of what is offered and recorded ahead (core/schedule.cpp), or workers would wait.
  static constexpr Microseconds kCompany{4'000};
  static constexpr Microseconds kLongCommit{5'000};  // what takes longer is the disk's bad moment, not its habit

  // A client that submits one job after the other would wait for two commits each time: that of its last job's end, which nobody is eager
  // to see there, and its own. So such an end is wanted `soon`, and waits for company for as long as a commit takes.
  void was_handed_over(Urgency urgency, TimePoint now) {
    if (urgency == Urgency::now) return at_once();
    due_ = std::min(due_, now + (urgency == Urgency::soon ? usual_commit_ : kCompany));
  }
  void at_once() { due_ = {}; }
  // It could not be committed.
  void put_off(TimePoint until) { due_ = until; }
  // All of it is. `took`: zero if nothing had to be written.
  void has_committed(Microseconds took) {
    due_ = TimePoint::max();
    if (took.count() > 0) usual_commit_ = (usual_commit_ * 7 + std::min(took, kLongCommit)) / 8;
  }

  // max(): nothing waits.
  TimePoint due() const { return due_; }

 private:
  TimePoint due_ = TimePoint::max();
  Microseconds usual_commit_{1'000};  // moving average of what one takes
};

}  // namespace jobpool::broker
