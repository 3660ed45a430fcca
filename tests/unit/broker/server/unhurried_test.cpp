// Replies that need not hurry: what they leave with, and when.
#include <chrono>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

constexpr std::chrono::hours kForLong{1};  // nothing leaves for its time alone

}  // namespace

TEST_CASE("a reply that need not hurry leaves with the next one, and what stands before it waits along") {
  // The caller of a command, who waits for its end, was woken by the id just when the worker was to begin.
  Harness harness({.unhurried = kForLong});
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1, R"("more":true)"));
  harness.turn();
  auto& calls = harness.handler.calls;
  calls.at(0)->reply(R"({"hello":true})");
  calls.at(1)->reply_unhurried(R"({"id":1})");
  harness.turn();
  CHECK(client.replies().empty());
  calls[1]->reply(R"({"ending":true})");
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 3);
  CHECK(replies[0]["parameters"]["hello"] == true);
  CHECK(replies[1]["parameters"]["id"] == 1);
  CHECK(replies[1]["continues"] == true);
  CHECK(replies[2]["parameters"]["ending"] == true);
}

TEST_CASE("a reply that need not hurry comes in time, if nothing else does, and the next ones wait as long again") {
  constexpr std::chrono::milliseconds kShort{1};
  Harness harness({.unhurried = kShort});
  Client client = harness.connect(), other = harness.connect();
  client.send(call_text(0, R"("more":true)"));
  other.send(call_text(1, R"("more":true)"));
  harness.turn();
  auto& calls = harness.handler.calls;
  for (int part = 0; part < 2; ++part) {
    const TimePoint begin = Clock::now();
    for (const auto& call : calls) call->reply_unhurried("{}");
    harness.server.flush();
    CHECK(client.replies().empty());
    harness.io.restart();
    harness.io.run_one();  // sleeps until the time is up
    CHECK(Clock::now() - begin >= kShort);
    harness.turn();
    CHECK(client.replies().size() == 1);
    CHECK(other.replies().size() == 1);
  }
}

TEST_CASE("what is answered behind a reply that need not hurry does not wait for it") {
  Harness harness({.unhurried = kForLong});
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)") + call_text(1));
  harness.turn();
  auto& calls = harness.handler.calls;
  SECTION("more of the same call, in the same turn") {
    calls.at(0)->reply_unhurried("{}");
    calls[0]->reply_more("{}");
    harness.turn();
    CHECK(client.replies().size() == 2);
  }
  SECTION("what an earlier call said in the same turn") {
    client.send(call_text(2, R"("more":true)"));
    harness.turn();
    calls.at(0)->reply_more("{}");
    calls.at(2)->reply_unhurried("{}");
    harness.turn();
    CHECK(client.replies().size() == 1);
  }
  SECTION("a call before it, with which it leaves") {
    client.send(call_text(2, R"("more":true)"));
    harness.turn();
    calls.at(2)->reply_unhurried("{}");
    calls[1]->reply("{}");
    calls[0]->reply("{}");
    harness.turn();
    CHECK(client.replies().size() == 3);
  }
}

TEST_CASE("a connection that closes while a reply lingers leaves nothing behind") {
  Harness harness({.unhurried = std::chrono::milliseconds(1)});
  {
    Client client = harness.connect();
    client.send(call_text(0, R"("more":true)"));
    harness.turn();
    harness.handler.calls.at(0)->reply_unhurried("{}");
    harness.server.flush();
  }
  harness.handler.calls.clear();
  harness.io.restart();
  for (int what = 0; what < 2; ++what) harness.io.run_one();  // the hang-up, and the time that is up for nobody
  harness.turn();
  CHECK(harness.server.connections() == 0);
}
