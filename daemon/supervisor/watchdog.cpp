// systemd's watchdog is fed by the health of both: this loop turns, or nobody would be here, and the broker's does, or it would not answer.
// A broker that is silent is ended, and another takes its place; systemd has to act only where even that does not help. Without a watchdog
// nobody is asked: an idle daemon sleeps.
#include <chrono>
#include <utility>

#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace jobpool::supervisor {

void Supervisor::feed_watchdog() {
  const auto interval = watchdog_interval();
  if (!interval) return;
  if (!is_broker_silent()) notify("WATCHDOG=1");
  loop_.at(Clock::now() + *interval, [this] { feed_watchdog(); });
}

// Asks, if it has answered before. One that has just been started has its records to read first.
bool Supervisor::is_broker_silent() {
  if (phase_ != Phase::serving || !is_broker_ready_) return false;
  const TimePoint now = Clock::now();
  if (!asked_broker_) {
    asked_broker_ = now;
    control::Message checkup;
    checkup.kind = control::Kind::checkup;
    broker_.tell(checkup);
    return false;
  }
  const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(now - *asked_broker_);
  if (silence < 2 * *watchdog_interval()) return false;
  log::error("the broker has not answered for {} ms; ending it", silence.count());
  broker_.kill();
  return true;
}

void Supervisor::on_healthy(const control::Message& healthy) {
  asked_broker_.reset();
  if (phase_ != Phase::serving || reload_ != Reload::none) return;
  notify("STATUS=serving on " + house_.listener.path() + "; " + std::to_string(healthy.value) + " running, " +
         std::to_string(healthy.usec) + " ready or waiting");
}

}  // namespace jobpool::supervisor
