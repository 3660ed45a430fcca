// A turn's system calls: one epoll_wait that sleeps, one more that finds nothing (what came while the turn was handled joins it), one
// recvmsg, one epoll_ctl and one sendmsg per connection that spoke.
#include "daemon/broker/server/turn_loop.hpp"

#include <asio/executor_work_guard.hpp>

#include "daemon/broker/server/limits.hpp"
#include "daemon/broker/server/server.hpp"

namespace jobpool::broker {

// One thread runs the loop: no locks around the reactor's descriptors, and no other thread is ever woken. The scheduler keeps its lock,
// so that other threads may post.
TurnLoop::TurnLoop() : io_(ASIO_CONCURRENCY_HINT_UNSAFE_IO) {}

void TurnLoop::run(TurnHooks& hooks, Server& server) {
  const auto stay_alive = asio::make_work_guard(io_);
  io_.restart();  // it may have run out of things to watch before
  for (;;) {
    handle_events(server);
    hooks.end_turn();
    server.flush();
    if (stopping_) return;
    if (hooks.prepare_to_sleep() && !server.has_unsent()) io_.run_one();
    hooks.woke_up();
  }
}

// Bounded: clients that never pause must not keep the turn from ending.
void TurnLoop::handle_events(const Server& server) {
  for (std::size_t i = 0; i < kHandlersPerTurn && !server.is_turn_full() && io_.poll_one() != 0; ++i) {
  }
}

}  // namespace jobpool::broker
