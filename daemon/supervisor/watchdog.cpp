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
  if (may_feed_watchdog(2 * *interval)) notify("WATCHDOG=1");
  loop_.at(Clock::now() + *interval, [this] { feed_watchdog(); });
}

// One that has just been started is not asked: it has its records to read first. Who ends a silent one feeds all the same: systemd, which
// would end all jobs, was fed half its patience ago, and is to see whether that helps.
bool Supervisor::may_feed_watchdog(std::chrono::microseconds patience) {
  if (phase_ != Phase::serving || !is_broker_ready_) return true;
  switch (checkup_.look(Clock::now(), patience)) {
    case Checkup::Finding::to_be_asked: {
      control::Message checkup;
      checkup.kind = control::Kind::checkup;
      broker_.tell(checkup);
      return true;
    }
    case Checkup::Finding::awaited:
      return true;
    case Checkup::Finding::silent:
      log::error("the broker has not answered for {} ms; ending it",
                 std::chrono::duration_cast<std::chrono::milliseconds>(patience).count());
      broker_.kill();
      return true;
    case Checkup::Finding::beyond_help:
      break;
  }
  return false;
}

void Supervisor::on_healthy(const control::Message& healthy) {
  checkup_.forget();
  if (phase_ != Phase::serving || reload_ != Reload::none) return;
  notify("STATUS=serving on " + house_.listener.path() + "; " + std::to_string(healthy.value) + " running, " +
         std::to_string(healthy.usec) + " ready or waiting");
}

}  // namespace jobpool::supervisor
