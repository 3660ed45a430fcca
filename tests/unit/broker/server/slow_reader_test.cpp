// A peer that does not read its answers: bounded memory, streams that pause, and everything delivered once it reads.
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

TEST_CASE("requests of a peer with too much unread are not read until it has read") {
  Limits limits;
  limits.unsent_bytes = 4 * kMiB;
  Harness harness(limits);
  const std::string large = R"({"data":")" + std::string(100 * kKiB, 'x') + "\"}";
  int answered = 0;
  harness.handler.script = [&](const auto& call) {
    ++answered;
    call->reply(large);
  };
  Client client = harness.connect();
  for (int n = 0; n < 100; ++n) {
    client.send(call_text(n));
    harness.turn();
  }
  CHECK(answered >= 40);
  CHECK(answered <= 45);
  CHECK(harness.io.poll() == 0);
  std::size_t replies = 0;
  for (int rounds = 0; replies < 100 && rounds < 10'000; ++rounds) {
    replies += client.replies().size();
    harness.turn();
  }
  CHECK(replies == 100);
  CHECK(answered == 100);
}

TEST_CASE("answers behind an unanswered call count as unread") {
  Limits limits;
  limits.unsent_bytes = 1 * kMiB;
  Harness harness(limits);
  const std::string large = R"({"data":")" + std::string(100 * kKiB, 'x') + "\"}";
  harness.handler.script = [&](const auto& call) {
    if (number_of(*call) == 0) return harness.handler.calls.push_back(call);
    call->reply(large);
  };
  Client client = harness.connect();
  std::string all;
  for (int n = 0; n < 30; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  CHECK(client.replies().empty());
  harness.handler.calls.at(0)->reply("{}");
  std::size_t replies = 0;
  for (int rounds = 0; replies < 30 && rounds < 10'000; ++rounds) {
    harness.turn();
    replies += client.replies().size();
  }
  CHECK(replies == 30);
}

TEST_CASE("a stream pauses when its reader is slow and goes on when it has read") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)"));
  harness.turn();
  const std::shared_ptr<Call> call = harness.handler.calls.at(0);
  const std::string part = R"({"data":")" + std::string(64 * kKiB, 'x') + "\"}";
  constexpr int kParts = 200;
  int made = 0, pauses = 0;
  const auto produce = [&] {
    while (made < kParts) {
      ++made;
      if (made == kParts) return call->reply(part);
      if (!call->reply_more(part)) {
        ++pauses;
        return;
      }
    }
  };
  call->on_drained = produce;
  produce();
  harness.turn();
  CHECK(made < 30);
  CHECK(pauses > 0);
  std::size_t replies = 0;
  for (int rounds = 0; replies < kParts && rounds < 10'000; ++rounds) {
    for (const auto& reply : client.replies()) {
      ++replies;
      CHECK(reply.contains("continues") == (replies < kParts));
    }
    harness.turn();
  }
  CHECK(replies == kParts);
  CHECK(pauses > 3);
}

TEST_CASE("each large reply of a stream asks for room, and waits for it where the peer does not read") {
  Limits limits;
  limits.unsent_bytes = 1 * kMiB;
  Harness harness(limits);
  Client client = harness.connect();
  client.send(call_text(0, R"("more":true)"));
  harness.turn();
  const std::shared_ptr<Call> call = harness.handler.calls.at(0);
  const std::string part = R"({"data":")" + std::string(300 * kKiB, 'x') + "\"}";
  constexpr int kParts = 20;
  int made = 0;
  const auto go_on = [&](const auto& self) -> void {
    if (++made == kParts) return call->reply(part);
    call->reply_more(part);
    call->when_room([&] { self(self); });
  };
  call->when_room([&] { go_on(go_on); });
  harness.turn();
  CHECK(made >= 4);
  CHECK(made <= 6);
  std::size_t replies = 0;
  for (int rounds = 0; replies < kParts && rounds < 10'000; ++rounds) {
    replies += client.replies().size();
    harness.turn();
  }
  CHECK(replies == kParts);
}

TEST_CASE("a large reply is handed over only when its last byte is with the socket") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  bool handed_over = false;
  harness.handler.calls.at(0)->reply(R"({"data":")" + std::string(16 * kMiB, 'x') + "\"}", {}, [&] { handed_over = true; });
  harness.turn();
  CHECK_FALSE(handed_over);
  std::size_t read = 0;
  for (int rounds = 0; read < 16 * kMiB && rounds < 100'000; ++rounds) {
    client.read();
    read = client.bytes_waiting();
    harness.turn();
  }
  CHECK(client.replies().size() == 1);
  CHECK(handed_over);
}

TEST_CASE("a peer that reads again after it was slow wakes the server no more than others do") {
  Harness harness;
  Client client = harness.connect();
  harness.handler.script = [](const auto& call) {
    call->reply(R"({"data":")" + std::string(number_of(*call) == 0 ? kMiB : 10, 'x') + "\"}");
  };
  client.send(call_text(0));
  for (std::size_t replies = 0, rounds = 0; replies == 0 && rounds < 1000; ++rounds) {
    harness.turn();
    replies = client.replies().size();
  }
  client.send(call_text(1));
  harness.turn();
  CHECK(client.replies().size() == 1);  // reading it frees room in the socket, which is nobody's business
  CHECK(harness.io.poll() == 0);
}

TEST_CASE("a slow reader that closes is noticed") {
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  bool handed_over = false, hung_up = false;
  harness.handler.calls.at(0)->reply(R"({"data":")" + std::string(kMiB, 'x') + "\"}", {}, [&] { handed_over = true; });
  harness.handler.calls.at(1)->on_hangup = [&] { hung_up = true; };
  harness.turn();
  client.close();
  harness.turn();
  CHECK_FALSE(handed_over);
  CHECK(hung_up);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("large answers that become due at once are made as the peer reads them") {
  // The bug: thousands of calls for one large result, pipelined, had it copied for each of them when it was there.
  Limits limits;
  limits.unsent_bytes = 1 * kMiB;
  Harness harness(limits);
  const std::string large = R"({"data":")" + std::string(100 * kKiB, 'x') + "\"}";
  Client client = harness.connect();
  std::string all;
  for (int n = 0; n < 100; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 100);
  std::size_t made = 0;
  for (const auto& call : harness.handler.calls)
    call->when_room([&, call] {
      ++made;
      call->reply(large);
    });
  harness.turn();
  CHECK(made >= 10);
  CHECK(made <= 15);
  std::size_t replies = 0;
  for (int rounds = 0; replies < 100 && rounds < 10'000; ++rounds) {
    for (const auto& reply : client.replies()) {
      CHECK(reply["parameters"]["data"].get_ref<const std::string&>().size() == 100 * kKiB);
      ++replies;
    }
    CHECK(made <= replies + 15);
    harness.turn();
  }
  CHECK(replies == 100);
}

TEST_CASE("of answers that take their time to be made only a few are begun at once, the first call's always") {
  Harness harness;
  Client client = harness.connect();
  std::string all;
  for (int n = 0; n < 20; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 20);
  std::vector<std::shared_ptr<Call>> begun;
  for (std::size_t n = 1; n < 20; ++n) harness.handler.calls[n]->when_room([&, call = harness.handler.calls[n]] { begun.push_back(call); });
  CHECK(begun.size() == kAnswersInTheMaking);
  harness.handler.calls[0]->when_room([&] { harness.handler.calls[0]->reply("{}"); });
  harness.turn();
  CHECK(client.replies().size() == 1);
  for (std::size_t n = 0; n < begun.size(); ++n) {
    begun[n]->reply("{}");
    harness.turn();
    CHECK(begun.size() <= n + 1 + kAnswersInTheMaking);
  }
  CHECK(begun.size() == 19);
  CHECK(client.replies().size() == 19);
}

TEST_CASE("room that a call asks for again and again is taken once") {
  // The bug: an ApplyAll that had room and nothing to tell yet asked once more with the next news. Each time one answer fewer of that
  // connection could be made ahead, for its whole life.
  Harness harness;
  Client client = harness.connect();
  std::string all = call_text(0, R"("more":true)");
  for (int n = 1; n < 20; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 20);
  for (unsigned time = 0; time < 2 * kAnswersInTheMaking; ++time) harness.handler.calls[0]->when_room([] {});
  harness.handler.calls[0]->reply_more("{}");
  unsigned begun = 0;
  for (std::size_t n = 1; n < 20; ++n) harness.handler.calls[n]->when_room([&] { ++begun; });
  CHECK(begun == kAnswersInTheMaking);
}

TEST_CASE("an answer that waits for room is never made when its connection closes") {
  Limits limits;
  limits.unsent_bytes = 100 * kKiB;
  Harness harness(limits);
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  const std::string large = R"({"data":")" + std::string(2 * kMiB, 'x') + "\"}";
  auto kept = std::make_shared<int>(0);
  int made = 0;
  for (const auto& call : harness.handler.calls)
    call->when_room([&, call, kept] {
      ++made;
      call->reply(large);
    });
  harness.handler.calls.clear();
  harness.turn();
  CHECK(made == 1);
  client.close();
  harness.turn();
  CHECK(made == 1);
  CHECK(kept.use_count() == 1);  // nor is what it would have been made of
}
