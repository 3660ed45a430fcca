// The clocks as one turn sees them: read when somebody first asks, and again for the turn's end. A turn is short, and has a dozen events.
// Broker's main thread.
#pragma once

#include <optional>

#include "daemon/broker/engine.hpp"

namespace jobpool::broker {

class TurnClock {
 public:
  void read(Now& now) {
    if (!now_) read_clocks(now_.emplace());
    now = *now_;
  }
  // Time may have passed.
  void let_go() { now_.reset(); }

 private:
  std::optional<Now> now_;
};

}  // namespace jobpool::broker
