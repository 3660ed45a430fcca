// A turn's system calls: one epoll_wait that sleeps, one recvmsg, one epoll_ctl and one sendmsg per connection that spoke. Under load one
// more epoll_wait, so that what came while the turn was handled joins it.
#include "daemon/broker/server/turn_loop.hpp"

#include <asio/executor_work_guard.hpp>

#include "daemon/broker/server/limits.hpp"
#include "daemon/broker/server/server.hpp"

namespace jobpool::broker {
namespace {

// Where one client waits for its answer before it asks again, nothing more ever comes within a turn: after so many turns of that kind it
// is looked for in one of so many only.
constexpr std::size_t kQuietTurns = 16;

}  // namespace

// One thread runs the loop, and no other touches it: no locks.
TurnLoop::TurnLoop() : io_(ASIO_CONCURRENCY_HINT_UNSAFE) {}

void TurnLoop::run(TurnHooks& hooks, Server& server) {
  const auto stay_alive = asio::make_work_guard(io_);
  io_.restart();  // it may have run out of things to watch before
  for (bool woken = false;;) {
    if (!woken || may_find_more()) handle_events(server, woken);
    hooks.end_turn();
    server.flush();
    hooks.ring_bells();
    if (stopping_) return;
    woken = hooks.prepare_to_sleep() && !server.has_unsent();
    if (woken) io_.run_one();
    hooks.woke_up();
  }
}

// What is ready and not handled in this turn is handled at the beginning of the next, which does not sleep then.
bool TurnLoop::may_find_more() { return quiet_turns_ < kQuietTurns || ++quiet_turns_ % kQuietTurns == 0; }

// Bounded: clients that never pause must not keep the turn from ending.
void TurnLoop::handle_events(const Server& server, bool woken) {
  std::size_t handled = 0;
  while (handled < kHandlersPerTurn && !server.is_turn_full() && io_.poll_one() != 0) ++handled;
  if (handled > 0)
    quiet_turns_ = 0;
  else if (woken && quiet_turns_ < kQuietTurns)
    ++quiet_turns_;
}

}  // namespace jobpool::broker
