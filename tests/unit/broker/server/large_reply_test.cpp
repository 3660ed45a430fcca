// A large reply leaves while it is written; its end leaves as all answers do.
#include <string>

#include "daemon/broker/server/limits.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

namespace jobpool::broker::testing {
namespace {

const std::string kPiece(32 * kKiB, 'x');

// Answers {"data": …}.
void reply_in_pieces(Call& call, int pieces, const std::function<void()>& after_piece, std::function<void()> handed_over = {}) {
  call.reply_written(
      [&](std::string& out, proto::PassOn pass_on) {
        out += "{\"data\":\"";
        for (int i = 0; i < pieces; ++i) {
          const std::size_t written = i % 3 == 0 ? 0 : kPiece.size() / static_cast<std::size_t>(i % 3);
          out.append(kPiece, 0, written);
          pass_on(out, std::string_view(kPiece).substr(written));
          after_piece();
        }
        out += "\"}";
      },
      std::move(handed_over));
}

TEST_CASE("a large reply leaves while it is written, but for its end") {
  Harness harness;
  Client client = harness.connect();
  std::size_t pieces_there = 0;
  bool handed_over = false;
  harness.handler.script = [&](const std::shared_ptr<Call>& call) {
    reply_in_pieces(
        *call, 50,
        [&] {
          client.read();
          CHECK(client.bytes_waiting() >= ++pieces_there * kPiece.size());
        },
        [&] { handed_over = true; });
    CHECK(client.replies().empty());
    CHECK_FALSE(handed_over);
  };
  client.send(call_text(1));
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0]["parameters"]["data"].get_ref<const std::string&>().size() == 50 * kPiece.size());
  CHECK(handed_over);
}

TEST_CASE("a large reply whose peer does not read is kept, and comes when it does") {
  Harness harness;
  Client client = harness.connect();
  harness.handler.script = [&](const std::shared_ptr<Call>& call) { reply_in_pieces(*call, 100, [] {}); };
  client.send(call_text(1) + call_text(2));
  harness.turn();
  std::vector<nlohmann::json> replies;
  for (int rounds = 0; replies.size() < 2 && rounds < 100'000; ++rounds) {
    for (nlohmann::json& reply : client.replies()) replies.push_back(std::move(reply));
    harness.turn();
  }
  REQUIRE(replies.size() == 2);
  for (const nlohmann::json& reply : replies)
    CHECK(reply["parameters"]["data"].get_ref<const std::string&>().size() == 100 * kPiece.size());
}

// Answers leave when the turn has ended: before that, the ids in them may not be reserved.
TEST_CASE("nothing of a large reply leaves before the answers that it stands behind") {
  Harness harness;
  Client client = harness.connect();
  const auto nothing_left = [&] {
    client.read();
    CHECK(client.bytes_waiting() == 0);
  };
  harness.handler.script = [&](const std::shared_ptr<Call>& call) {
    switch (number_of(*call)) {
      case 1:
        return call->reply("{}");  // in the same outbox
      case 2:
        return reply_in_pieces(*call, 3, nothing_left);
      case 3:
        return void(harness.handler.calls.push_back(call));  // unanswered
      default:
        return reply_in_pieces(*call, 3, nothing_left);
    }
  };
  client.send(call_text(1) + call_text(2));
  harness.turn();
  CHECK(client.replies().size() == 2);
  client.send(call_text(3) + call_text(4));
  harness.turn();
  nothing_left();
  harness.handler.calls.at(0)->reply("{}");
  harness.turn();
  CHECK(client.replies().size() == 2);
}

TEST_CASE("a peer that leaves while its large reply is written is noticed") {
  Harness harness;
  Client client = harness.connect();
  int hung_up = 0;
  harness.handler.script = [&](const std::shared_ptr<Call>& call) {
    call->on_hangup = [&] { ++hung_up; };
    if (number_of(*call) == 2) return void(harness.handler.calls.push_back(call));
    reply_in_pieces(*call, 20, [&] { client.close(); });
  };
  client.send(call_text(1) + call_text(2));
  harness.turn();
  CHECK(hung_up == 1);
}

}  // namespace
}  // namespace jobpool::broker::testing
