// The broker's one loop: gather events, end the turn, send, sleep. Owns the io_context; broker's main thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>

namespace jobpool::broker {

class Server;

// What the rest of the broker does around each turn.
class TurnHooks {
 public:
  virtual ~TurnHooks() = default;
  // The turn's events were handled: commit. Answers made here still leave in this turn.
  virtual void end_turn() = 0;
  // They have left: workers are woken for what the turn has begun. In this order, since the kernel puts whom the broker wakes first on the
  // processor that has nothing to do, which is that of a client who waits: behind a worker that spawns a command it would wait for that.
  // (But for Dispatcher::kSeveral.)
  virtual void ring_bells() = 0;
  // False: there is work already (a worker reported meanwhile), do not sleep. True: whoever has news must wake the loop from now on.
  virtual bool prepare_to_sleep() = 0;
  // The loop runs again, after a sleep or none.
  virtual void woke_up() = 0;
};

class TurnLoop {
 public:
  TurnLoop();

  // Everything that watches something is made with this. Not for other threads: they ring an eventfd that is watched.
  asio::io_context& io() { return io_; }

  // Runs turns until stop(). Requires: both outlive the call.
  void run(TurnHooks& hooks, Server& server);
  // The turn under way is ended and sent, then run() returns. Before run(): one turn is made.
  void stop() { stopping_ = true; }

 private:
  bool may_find_more();
  // `woken`: what ended the sleep was handled already.
  void handle_events(const Server& server, bool woken);

  asio::io_context io_;
  std::size_t quiet_turns_ = 0;  // the last ones, in which there was nothing but what woke the loop
  bool stopping_ = false;
};

}  // namespace jobpool::broker
