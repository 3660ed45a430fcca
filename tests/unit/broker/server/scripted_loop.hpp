// The loop itself over a server, with a script of what happens at the end of each turn.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/server/turn_loop.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

namespace jobpool::broker::testing {

// Writes down what the loop asks, and runs a script of steps: one at the end of each turn.
class ScriptedHooks : public TurnHooks {
 public:
  std::string log;
  std::vector<std::function<void()>> steps;  // run in order
  std::function<bool()> may_sleep = [] { return true; };
  std::function<void()> bells = [] {};

  void end_turn() override {
    log += 'E';
    if (step_ < steps.size()) steps[step_++]();
  }
  void ring_bells() override {
    log += 'B';
    bells();
  }
  bool prepare_to_sleep() override {
    const bool sleeps = may_sleep();
    log += sleeps ? 'S' : 's';
    return sleeps;
  }
  void woke_up() override { log += 'W'; }

 private:
  std::size_t step_ = 0;
};

struct Loop {
  TurnLoop loop;
  KeepingHandler handler;
  Server server{loop.io(), handler, [](const Peer&, int) { return true; }};
  ScriptedHooks hooks;

  Client connect() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    server.adopt(UniqueFd(ends[1]), Peer{0, 0, 1});
    return Client(UniqueFd(ends[0]));
  }
};

}  // namespace jobpool::broker::testing
