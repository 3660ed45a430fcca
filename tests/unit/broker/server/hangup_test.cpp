// The end of a peer: its input's end is no close, its close is noticed at once and told once.
#include <sys/resource.h>

#include <string>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

TEST_CASE("a peer that ended its input is still answered, and then closed") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  client.end_input();
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 2);
  int hangups = 0;
  calls[0]->on_hangup = calls[1]->on_hangup = [&] { ++hangups; };
  harness.turn();
  CHECK_FALSE(client.is_closed());
  calls[1]->reply(R"({"n":1})");
  harness.turn();
  CHECK_FALSE(client.is_closed());
  calls[0]->reply(R"({"n":0})");
  harness.turn();
  CHECK(client.replies().size() == 2);
  CHECK(client.is_closed());
  CHECK(hangups == 0);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("waiting on a peer that ended its input costs no turns") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  client.end_input();
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 1);
  for (int i = 0; i < 3; ++i) CHECK(harness.io.poll() == 0);
}

TEST_CASE("a close is told to each unanswered call, once, the latest first") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1) + call_text(2));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 3);
  std::string hangups;
  for (int n = 0; n < 3; ++n) calls[static_cast<std::size_t>(n)]->on_hangup = [&hangups, n] { hangups += std::to_string(n); };
  calls[1]->reply("{}");  // answered, though its turn did not come
  client.close();
  harness.turn();
  CHECK(hangups == "20");
  CHECK(harness.server.connections() == 0);
  calls[0]->reply("{}");  // too late, and harmless
  calls[2]->error("org.jobpool.Job.NoSuchJob", "{}");
  harness.turn();
  CHECK(hangups == "20");
}

TEST_CASE("a close after the end of input is noticed as well") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  client.end_input();
  harness.turn();
  int hangups = 0;
  harness.handler.calls.at(0)->on_hangup = [&] { ++hangups; };
  harness.turn();
  CHECK(hangups == 0);
  client.close();
  harness.turn();
  CHECK(hangups == 1);
}

TEST_CASE("a call whose peer closed at once is started and then told") {
  Harness harness;
  int hangups = 0;
  harness.handler.script = [&](const auto& call) {
    harness.handler.calls.push_back(call);
    call->on_hangup = [&] { ++hangups; };
  };
  Client client = harness.connect();
  client.send(call_text(0));
  client.close();
  harness.turn();
  CHECK(harness.handler.calls.size() == 1);
  CHECK(hangups == 1);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("a hang-up may answer its own call and others") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  std::weak_ptr<Call> first = harness.handler.calls.at(0), second = harness.handler.calls.at(1);
  int hangups = 0;
  harness.handler.calls[1]->on_hangup = [&, call = harness.handler.calls[1], other = harness.handler.calls[0]] {
    ++hangups;
    call->error("org.jobpool.Job.NoSuchJob", "{}");
    other->error("org.jobpool.Job.NoSuchJob", "{}");
  };
  harness.handler.calls[0]->on_hangup = [&] { ++hangups; };
  harness.handler.calls.clear();
  client.close();
  harness.turn();
  CHECK(hangups == 1);  // the other was answered before it could be told
  CHECK(first.expired());
  CHECK(second.expired());
}

TEST_CASE("a reply to a peer that closed meanwhile is never handed over") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  bool handed_over = false;
  client.close();
  harness.handler.calls.at(0)->reply("{}", {}, [&] { handed_over = true; });
  harness.turn();
  CHECK_FALSE(handed_over);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("a peer that leaves unread answers behind is gone all the same") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  int hangups = 0;
  harness.handler.calls.at(1)->on_hangup = [&] { ++hangups; };
  harness.handler.calls.at(0)->reply("{}");
  harness.turn();
  client.close();
  harness.turn();
  CHECK(hangups == 1);
}

TEST_CASE("a peer that went away within a message leaves nothing behind") {
  Harness harness;
  const std::size_t fds = open_fds();
  for (int i = 0; i < 10; ++i) {
    Client client = harness.connect();
    client.send(call_text(0).substr(0, 20));
    harness.turn();
    if (i % 2 == 0) client.end_input();
    client.close();
    harness.turn();
  }
  CHECK(harness.server.connections() == 0);
  CHECK(open_fds() == fds);
}

TEST_CASE("a message that is incomplete when input ends is no call") {
  Harness harness;
  Client client = harness.connect();
  std::string text = call_text(0);
  text.pop_back();
  client.send(text);
  client.end_input();
  harness.turn();
  CHECK(harness.handler.calls.empty());
  CHECK(client.is_closed());
}

TEST_CASE("closing the server tells no handler") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  int hangups = 0;
  harness.handler.calls.at(0)->on_hangup = [&] { ++hangups; };
  harness.server.close_all();
  harness.turn();
  CHECK(hangups == 0);
  CHECK(client.is_closed());
  harness.handler.calls.at(0)->reply("{}");
}

TEST_CASE("a handler may close the server within a call") {
  Harness harness;
  harness.handler.script = [&](const auto& call) {
    harness.server.close_all();
    call->reply("{}");
  };
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  CHECK(client.is_closed());
}

// It had no session, so that nobody told its handler: what it held was kept for as long as what it waited for.
TEST_CASE("a connection's end is told to its oneway calls that are not answered") {
  Harness harness;
  Client client = harness.connect();
  for (int n = 0; n < 4; ++n) client.send(call_text(n, n == 3 ? "" : R"("oneway":true)"));
  harness.turn();
  std::vector<int> told(4);
  for (std::size_t n = 0; n < 4; ++n) harness.handler.calls.at(n)->on_hangup = [&told, n] { ++told[n]; };
  harness.handler.calls[1]->reply("{}");
  client.close();
  harness.turn();
  CHECK(told == std::vector<int>{1, 0, 1, 1});
  CHECK(harness.server.connections() == 0);
  bool was_handed_over = false;
  harness.handler.calls[0]->reply("{}", {}, [&] { was_handed_over = true; });
  CHECK_FALSE(was_handed_over);
}

TEST_CASE("what a peer that is gone had sent one way is done, however much of it is unanswered") {
  // The bug: from the limit on nothing was read until answers made room, and the peer's end meanwhile threw away what it had sent.
  Limits limits;
  limits.unanswered_calls = 4;
  Harness harness(limits);
  constexpr int kCalls = 500;
  Client client = harness.connect();
  std::string text;
  for (int n = 0; n < kCalls; ++n) text += call_text(n, R"("oneway":true)") + (n > 4 ? call_text(n) : "");
  client.send(text + call_text(kCalls).substr(0, 20));  // the last was not sent to its end
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 4);
  client.close();
  harness.turn();
  CHECK(harness.handler.calls.size() == kCalls);
}

TEST_CASE("an input that ended does not end a oneway call and the last answer to one closes the connection") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("oneway":true)") + call_text(1, R"("oneway":true)"));
  client.end_input();
  harness.turn();
  int hangups = 0;
  for (const auto& call : harness.handler.calls) call->on_hangup = [&] { ++hangups; };
  harness.handler.calls.at(0)->reply("{}");
  harness.turn();
  CHECK(harness.server.connections() == 1);
  harness.handler.calls.at(1)->error("org.jobpool.Pool.QueueFull", "{}");
  harness.turn();
  CHECK(harness.server.connections() == 0);
  CHECK(hangups == 0);
}
