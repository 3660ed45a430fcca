// The end of a connection and the turns of the loop: what has come is done, and what follows from the end is written in a turn.
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/broker/server/scripted_loop.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

TEST_CASE("who hears of a connection's end after it broke the rules has the end of a turn for what is to be written") {
  // The bug: it was told after the turn's end, nothing woke the loop, and what was written waited for somebody else's call.
  Loop all;
  Client client = all.connect();
  std::vector<std::shared_ptr<Call>> kept;
  bool was_told = false, was_written = false, is_lost = false;
  all.handler.script = [&](const std::shared_ptr<Call>& call) {
    kept.push_back(call);
    call->on_hangup = [&] { was_told = true; };
    if (!call->envelope.oneway) call->reply_more("{}");
  };
  client.send(call_text(0, R"("oneway":true)") + call_text(1, R"("more":true)") + std::string{"x\0", 2});
  const std::function<void()> end = [&] {
    was_written = was_told;
    if (was_written) all.loop.stop();
  };
  all.hooks.steps.assign(10, end);
  all.hooks.may_sleep = [&] {
    is_lost = was_told && !was_written;
    if (is_lost) all.loop.stop();
    return true;
  };
  all.loop.run(all.hooks, all.server);
  CHECK(was_written);
  CHECK_FALSE(is_lost);
}

TEST_CASE("what was sent one way is done, also where an answer before it finds nobody and the rest is for the next turn") {
  // The bug: of a hundred submissions behind a Hello those were lost that were more than one turn takes.
  Loop all;
  std::size_t turns = 0, calls = 0;
  all.handler.script = [&](const std::shared_ptr<Call>& call) {
    ++calls;
    if (!call->envelope.oneway) call->reply("{}");
  };
  all.handler.full = [&] { return calls > turns; };
  {
    Client client = all.connect();
    client.send(call_text(0) + call_text(1, R"("oneway":true)") + call_text(2, R"("oneway":true)"));
  }
  const std::function<void()> end = [&] {
    if (++turns == 8 || calls == 3) all.loop.stop();
  };
  all.hooks.steps.assign(8, end);
  all.hooks.may_sleep = [&] {
    if (all.server.connections() == 0) all.loop.stop();
    return true;
  };
  all.loop.run(all.hooks, all.server);
  CHECK(calls == 3);
}
