// Descriptors run short, which costs nobody but whoever caused it.
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/crowded_wire.hpp"
#include "tests/support/no_more_fds.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;
using jobpool::testing::CrowdedWire;
using jobpool::testing::NoMoreFds;

namespace {

void reply_with_file(Call& call) {
  std::vector<UniqueFd> fds;
  fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  call.reply("{}", std::move(fds));
}

std::string calls_text(int count) {
  std::string all;
  for (int n = 0; n < count; ++n) all += call_text(n);
  return all;
}

}  // namespace

TEST_CASE("descriptors of answers that nobody reads are limited however short the answers are") {
  // The bug: their bytes alone counted, and those of a logs' answer are few: one connection that read nothing had the broker keep open all
  // the files that it may, and nobody else could connect.
  constexpr int kCalls = 600;  // more than one socket takes the answers of
  Limits limits;
  limits.unanswered_fds = 8;
  Harness harness(limits);
  std::size_t most_open = 0;
  harness.handler.script = [&](const auto& call) {
    reply_with_file(*call);
    most_open = std::max(most_open, open_fds());
  };
  Client client = harness.connect();
  const std::size_t before = open_fds();
  client.send(calls_text(kCalls));
  harness.turn();
  CHECK(most_open <= before + limits.unanswered_fds);
  CHECK(harness.io.poll() == 0);
  std::size_t replies = 0, files = 0;
  for (int rounds = 0; replies < kCalls && rounds < 10'000; ++rounds) {
    replies += client.replies().size();
    files += client.fds.size();
    client.fds.clear();
    harness.turn();
  }
  CHECK(replies == kCalls);
  CHECK(files == kCalls);
  CHECK(open_fds() == before);
}

TEST_CASE("so are those of answers that wait behind an unanswered call") {
  Limits limits;
  limits.unanswered_fds = 8;
  Harness harness(limits);
  std::size_t answered = 0;
  harness.handler.script = [&](const auto& call) {
    if (number_of(*call) == 0) return harness.handler.calls.push_back(call);
    ++answered;
    reply_with_file(*call);
  };
  Client client = harness.connect();
  client.send(calls_text(50));
  harness.turn();
  CHECK(answered == 8);
  harness.handler.calls.at(0)->reply("{}");
  harness.turn();
  CHECK(answered == 49);
  CHECK(client.replies().size() == 50);
  CHECK(client.fds.size() == 49);
}

TEST_CASE("descriptors that this process may not open cost their call alone, and nothing else of its connection") {
  // The bug: the kernel's word that some were cut off was taken for too many in one message. The connection was closed, and what its peer
  // waited for cancelled, as if it had gone away.
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  bool hung_up = false;
  harness.handler.calls.at(0)->on_hangup = [&] { hung_up = true; };
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::size_t before = open_fds();
  for (const rlim_t room : {rlim_t{0}, rlim_t{2}}) {
    const NoMoreFds limit(room);
    client.send(call_text(1), {file.get(), file.get(), file.get()});
    harness.turn();
  }
  client.send(call_text(2), {file.get()});
  harness.turn();
  CHECK_FALSE(hung_up);
  CHECK_FALSE(client.is_closed());
  const auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 4);
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}}) {
    CHECK(calls[n]->fds.empty());
    CHECK(calls[n]->lost_fds);
  }
  CHECK(calls[3]->fds.size() == 1);
  CHECK_FALSE(calls[3]->lost_fds);
  CHECK(open_fds() == before + 1);
}

TEST_CASE("an answer whose descriptors the kernel does not pass on at present is sent when it does") {
  // The bug: as many of this user's descriptors were on their way as may be, of whichever process, and the peer was taken to be gone.
  Harness harness;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 2);
  bool hung_up = false;
  calls[1]->on_hangup = [&] { hung_up = true; };
  CrowdedWire wire;
  reply_with_file(*calls[0]);
  harness.turn();  // which ends: the attempts have pauses between them
  CHECK_FALSE(hung_up);
  CHECK_FALSE(client.is_closed());
  CHECK(client.replies().empty());
  calls[1]->reply("{}");
  harness.turn();
  CHECK(client.replies().empty());  // in their order
  wire.take();
  std::size_t replies = 0;
  while (replies < 2 && !client.is_closed()) {
    REQUIRE(harness.io.run_one_for(std::chrono::seconds(10)) == 1);  // the pause's end
    harness.turn();
    replies += client.replies().size();
  }
  CHECK(replies == 2);
  CHECK(client.fds.size() == 1);
}
