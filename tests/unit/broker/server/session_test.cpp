// Calls and answers of one connection: framing, order, oneway, more, and what closes it.
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

std::string with_nul(std::string text) {
  text.push_back('\0');
  return text;
}

}  // namespace

TEST_CASE("a call is handed over and its answer comes back") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(7));
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 1);
  CHECK(harness.handler.calls[0]->envelope.method == kMethod);
  CHECK(harness.handler.numbers.at(0) == 7);
  CHECK(harness.handler.calls[0]->peer.pid == ::getpid());
  harness.handler.calls[0]->reply(R"({"id":7})");
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0] == nlohmann::json::parse(R"({"parameters":{"id":7}})"));
}

TEST_CASE("calls that arrive in pieces of any size are the same calls") {
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 50u, 61u, 1000u}) {
    Harness harness;
    Client client = harness.connect();
    std::string all;
    for (int n = 0; n < 20; ++n) all += call_text(n);
    for (std::size_t at = 0; at < all.size(); at += piece) {
      client.send(std::string_view(all).substr(at, piece));
      harness.turn();
    }
    REQUIRE(harness.handler.calls.size() == 20);
    for (int n = 0; n < 20; ++n) CHECK(harness.handler.numbers.at(static_cast<std::size_t>(n)) == n);
  }
}

TEST_CASE("pipelined calls are all started at once and answered in call order") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1) + call_text(2) + call_text(3));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 4);
  calls[2]->reply(R"({"n":2})");
  calls[1]->error("org.jobpool.Pool.QueueFull", R"({"pool":"x"})");
  harness.turn();
  CHECK(client.replies().empty());
  calls[0]->reply(R"({"n":0})");
  harness.turn();
  auto replies = client.replies();
  REQUIRE(replies.size() == 3);
  CHECK(replies[0]["parameters"]["n"] == 0);
  CHECK(replies[1]["error"] == "org.jobpool.Pool.QueueFull");
  CHECK(replies[2]["parameters"]["n"] == 2);
  calls[3]->reply("{}");
  harness.turn();
  replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0] == nlohmann::json::object());
}

TEST_CASE("what breaks the protocol closes the connection without an answer") {
  const std::vector<std::string> broken = {
      "{",
      "",
      "[]",
      "17",
      R"({"parameters":{}})",
      R"({"method":7})",
      R"({"method":"org.jobpool.Pool.Apply","more":1})",
      R"({"method":"org.jobpool.Pool.Apply","more":true,"oneway":true})",
      R"({"method":"org.jobpool.Pool.Apply","surprise":true})",
      R"({"method":"org.jobpool.Pool.Apply","parameters":[]})",
      "{\"method\":\"org.jobpool.Pool.Apply\",\"parameters\":{\"a\":\"\xff\"}}",
  };
  for (const std::string& text : broken) {
    INFO(text);
    Harness harness;
    Client client = harness.connect();
    client.send(with_nul(text) + call_text(1));
    harness.turn();
    CHECK(client.is_closed());
    CHECK(client.bytes_waiting() == 0);
    CHECK(harness.handler.calls.empty());
    CHECK(harness.server.connections() == 0);
  }
}

TEST_CASE("answers that were made before the protocol was broken still leave") {
  Harness harness;
  harness.handler.script = [](const auto& call) { call->reply("{}"); };
  Client client = harness.connect();
  client.send(call_text(1) + with_nul("{"));
  harness.turn();
  CHECK(client.replies().size() == 1);
  CHECK(client.is_closed());
}

TEST_CASE("answers before a broken message leave at the end of the turn, as all do, and nothing is read after it") {
  // The bug: they left at once, with ids that were not reserved yet.
  Harness harness;
  int calls = 0;
  harness.handler.script = [&](const auto& call) {
    ++calls;
    call->reply("{}");
  };
  Client client = harness.connect();
  client.send(call_text(1) + with_nul("{") + call_text(2));
  while (harness.io.poll() > 0) {
  }
  CHECK(calls == 1);
  CHECK(client.replies().empty());
  harness.turn();
  CHECK(client.replies().size() == 1);
  harness.turn();  // the close has its own
  CHECK(client.is_closed());
  CHECK(calls == 1);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("a oneway call is answered with nothing, not even an error, and delays no other") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("oneway":true)") + call_text(1, R"("oneway":true)") + call_text(2) +
              call_text(3, R"("oneway":true)", "no.such.Thing"));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 3);
  calls[2]->reply(R"({"n":2})");
  harness.turn();
  CHECK(client.replies().size() == 1);
  calls[0]->error("org.jobpool.Pool.QueueFull", "{}");
  bool handed_over = false;
  calls[1]->reply("{}", {}, [&] { handed_over = true; });
  harness.turn();
  CHECK(handed_over);
  CHECK(client.replies().empty());
  CHECK_FALSE(client.is_closed());
}

TEST_CASE("a more call has replies that continue and one that does not") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)") + call_text(1));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 2);
  CHECK(calls[0]->envelope.more);
  calls[1]->reply(R"({"later":true})");
  CHECK(calls[0]->reply_more(R"({"part":1})"));
  harness.turn();
  auto replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0]["continues"] == true);
  CHECK(calls[0]->reply_more(R"({"part":2})"));
  calls[0]->reply(R"({"part":3})");
  harness.turn();
  replies = client.replies();
  REQUIRE(replies.size() == 3);
  CHECK(replies[0]["continues"] == true);
  CHECK(replies[1]["parameters"]["part"] == 3);
  CHECK_FALSE(replies[1].contains("continues"));
  CHECK(replies[2]["parameters"]["later"] == true);
}

TEST_CASE("a reply that continues tells when its bytes are with the socket, and not before the end of the turn") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)"));
  harness.turn();
  int handed_over = 0;
  const auto call = harness.handler.calls.at(0);
  for (int part = 0; part < 2; ++part) call->reply_more("{}", [&] { ++handed_over; });
  CHECK(handed_over == 0);
  harness.turn();
  CHECK(handed_over == 2);
  CHECK(client.replies().size() == 2);
  call->reply("{}");
  harness.turn();
}

TEST_CASE("an error ends a more call and never continues") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)"));
  harness.turn();
  harness.handler.calls.at(0)->reply_more(R"({"part":1})");
  harness.handler.calls.at(0)->error("org.jobpool.Job.NoSuchJob", R"({"id":1})");
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 2);
  CHECK(replies[1]["error"] == "org.jobpool.Job.NoSuchJob");
  CHECK_FALSE(replies[1].contains("continues"));
}

TEST_CASE("a more call behind an unanswered one streams when its turn comes") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1, R"("more":true)"));
  harness.turn();
  auto& calls = harness.handler.calls;
  calls.at(1)->reply_more(R"({"part":1})");
  harness.turn();
  CHECK(client.replies().empty());
  calls.at(0)->reply("{}");
  harness.turn();
  CHECK(client.replies().size() == 2);
  calls.at(1)->reply_more(R"({"part":2})");
  calls.at(1)->reply("{}");
  harness.turn();
  CHECK(client.replies().size() == 2);
}

TEST_CASE("a second answer is dropped") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  auto& calls = harness.handler.calls;
  calls.at(0)->reply(R"({"n":0})");
  calls.at(0)->reply(R"({"n":100})");
  calls.at(0)->error("org.jobpool.Job.NoSuchJob", "{}");
  calls.at(1)->reply(R"({"n":1})");
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 2);
  CHECK(replies[1]["parameters"]["n"] == 1);
}

TEST_CASE("a reply says when the socket has all of it, in order") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  std::string log;
  auto& calls = harness.handler.calls;
  calls.at(1)->reply("{}", {}, [&] { log += "1"; });
  harness.turn();
  CHECK(log.empty());
  calls.at(0)->reply("{}", {}, [&] { log += "0"; });
  CHECK(log.empty());
  harness.turn();
  CHECK(log == "01");
}

TEST_CASE("a handler that answers within the call needs no other turn") {
  Harness harness;
  harness.handler.script = [](const auto& call) { call->reply(R"({"n":)" + std::to_string(number_of(*call)) + "}"); };
  Client client = harness.connect();
  std::string all;
  for (int n = 0; n < 1000; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 1000);
  for (int n = 0; n < 1000; ++n) REQUIRE(replies[static_cast<std::size_t>(n)]["parameters"]["n"] == n);
}
