// When the next try may be made after a process died early. Pure; `now` is passed in. Used for each worker number and for the broker.
//
// A process that lives long enough forgives everything before it. Five early deaths in a row cost nothing, so that random kills are
// answered at once; from the sixth on the delay doubles from 10 ms to 5 s. Death by SIGKILL is somebody's will, not the program's
// fault: then the delay stays at 10 ms, which recovers in milliseconds and still keeps a loop of kills from eating a CPU.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/clock.hpp"

namespace jobpool::supervisor {

enum class DeathCause { own_fault, killed, as_told };  // as_told: exit 0, after an order to leave

class Backoff {
 public:
  using Delay = std::chrono::milliseconds;
  static constexpr int kFreeDeaths = 5;
  static constexpr Delay kFirst{10};
  static constexpr Delay kLongest{5000};

  // `early`: a life shorter than this counts against the process.
  explicit Backoff(Delay early) : early_(early) {}

  void on_start(TimePoint now) { started_ = now; }

  void on_death(TimePoint now, DeathCause cause) {
    if (cause == DeathCause::as_told || now - started_ >= early_) {
      deaths_ = 0;
      delay_ = Delay{0};
      return;
    }
    if (++deaths_ <= kFreeDeaths) return;
    const Delay next = delay_ == Delay{0} ? kFirst : delay_ * 2;
    delay_ = cause == DeathCause::killed ? std::max(kFirst, delay_) : std::min(next, kLongest);
    not_before_ = now + delay_;
  }

  // Never before `now`.
  TimePoint next_start(TimePoint now) const { return delay_ == Delay{0} ? now : std::max(now, not_before_); }
  int early_deaths() const { return deaths_; }

 private:
  Delay early_;
  TimePoint started_{};
  TimePoint not_before_{};
  Delay delay_{0};
  int deaths_ = 0;
};

}  // namespace jobpool::supervisor
