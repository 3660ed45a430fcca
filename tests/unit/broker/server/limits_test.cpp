// What one connection, one account or all of them may take, and what happens beyond.
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "proto/frame.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

// A call of exactly `bytes`, without its NUL.
std::string padded_call(std::size_t bytes) {
  std::string text = R"({"method":"org.jobpool.Pool.Apply","parameters":{"n":1,"pad":")";
  const std::string end = "\"}}";
  text.append(bytes - text.size() - end.size(), 'x');
  return text + end;
}

}  // namespace

TEST_CASE("a message of 24 MiB is taken, one byte more closes the connection") {
  Harness harness;
  Client fits = harness.connect(), too_long = harness.connect();
  harness.send_all(fits, padded_call(proto::kMaxMessageBytes) + std::string(1, '\0'));
  CHECK(harness.handler.calls.size() == 1);
  CHECK_FALSE(fits.is_closed());
  harness.send_all(too_long, padded_call(proto::kMaxMessageBytes + 1));
  CHECK(harness.handler.calls.size() == 1);
  CHECK(too_long.is_closed());
  CHECK(harness.server.connections() == 1);
}

TEST_CASE("no more calls are started than may be unanswered, and the rest follows") {
  Limits limits;
  limits.unanswered_calls = 8;
  Harness harness(limits);
  Client client = harness.connect();
  std::string all;
  for (int n = 0; n < 20; ++n) all += call_text(n);
  client.send(all);
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 8);
  calls[0]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 8);  // not at every single answer, but at half
  for (std::size_t n = 1; n < 4; ++n) calls[n]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 12);
  for (std::size_t n = 4; n < calls.size(); ++n) {
    calls[n]->reply("{}");
    harness.turn();
  }
  CHECK(calls.size() == 20);
  CHECK(client.replies().size() == 20);
  for (std::size_t n = 0; n < 20; ++n) CHECK(harness.handler.numbers[n] == static_cast<std::int64_t>(n));
}

TEST_CASE("an answer behind an unanswered call does not make room for more calls") {
  Limits limits;
  limits.unanswered_calls = 4;
  Harness harness(limits);
  Client client = harness.connect();
  for (int n = 0; n < 8; ++n) client.send(call_text(n));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 4);
  for (std::size_t n = 1; n < 4; ++n) calls[n]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 4);
  calls[0]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 8);
}

TEST_CASE("calls beyond the limit stay in the socket, whatever their number") {
  Limits limits;
  limits.unanswered_calls = 8;
  Harness harness(limits);
  Client client = harness.connect();
  const std::string text = call_text(1);
  std::size_t sent = 0;
  // Whole reads of 256 KiB may pass the limit before it is noticed; after that the socket stays full.
  for (std::size_t more = 1; more > 0; sent += more) {
    more = client.send_some(text);
    harness.turn();
  }
  CHECK(sent < kReadBufferBytes * 3);
  CHECK(harness.handler.calls.size() == 8);
}

TEST_CASE("the bytes of unanswered requests are limited as well") {
  Limits limits;
  limits.unanswered_bytes = 1000;
  Harness harness(limits);
  Client client = harness.connect();
  client.send(padded_call(600) + std::string(1, '\0') + padded_call(600) + std::string(1, '\0') + padded_call(600) + std::string(1, '\0'));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 2);
  calls[0]->reply("{}");
  calls[1]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 3);
}

TEST_CASE("a peer that closes is noticed while its calls are not read") {
  Limits limits;
  limits.unanswered_calls = 2;
  Harness harness(limits);
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1) + call_text(2));
  harness.turn();
  int hangups = 0;
  for (const auto& call : harness.handler.calls) call->on_hangup = [&] { ++hangups; };
  CHECK(harness.io.poll() == 0);
  client.close();
  harness.turn();
  CHECK(hangups == 2);
  CHECK(harness.server.connections() == 0);
}

TEST_CASE("an end of input within calls that were not read yet loses none of them") {
  Limits limits;
  limits.unanswered_calls = 2;
  Harness harness(limits);
  Client client = harness.connect();
  for (int n = 0; n < 7; ++n) client.send(call_text(n));
  client.end_input();
  harness.turn();
  auto& calls = harness.handler.calls;
  for (std::size_t n = 0; n < calls.size(); ++n) {
    calls[n]->reply("{}");
    harness.turn();
  }
  CHECK(calls.size() == 7);
  CHECK(client.replies().size() == 7);
  CHECK(client.is_closed());
}

TEST_CASE("out-of-band data closes a connection that would be woken by it without end") {
  Limits limits;
  limits.unanswered_calls = 1;
  Harness harness(limits);
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  client.send(call_text(1));
  harness.turn();
  REQUIRE(::send(client.fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1);
  harness.turn();
  CHECK(client.is_closed());
}

TEST_CASE("over the limit on unfinished input, the connection with most of it is closed") {
  Limits limits;
  limits.buffered_input = 3 * kMiB;
  Harness harness(limits);
  Client small = harness.connect(), large = harness.connect(), other = harness.connect();
  const std::string unfinished(1500 * kKiB, 'x');
  harness.send_all(small, unfinished.substr(0, 900 * kKiB));
  harness.send_all(large, unfinished);
  CHECK_FALSE(large.is_closed());
  harness.send_all(other, unfinished.substr(0, 1000 * kKiB));
  CHECK(large.is_closed());
  CHECK_FALSE(small.is_closed());
  CHECK_FALSE(other.is_closed());
  CHECK(harness.server.connections() == 2);
}

TEST_CASE("what was unfinished counts no more once it is finished or gone") {
  Limits limits;
  limits.buffered_input = 1 * kMiB;
  Harness harness(limits);
  harness.handler.script = [](const auto& call) { call->reply("{}"); };
  Client stays = harness.connect();
  for (int i = 0; i < 10; ++i) {
    harness.send_all(stays, padded_call(600 * kKiB) + std::string(1, '\0'));
    Client leaves = harness.connect();
    harness.send_all(leaves, padded_call(600 * kKiB));
    CHECK_FALSE(leaves.is_closed());
    leaves.close();
    harness.turn();
  }
  CHECK(stays.replies().size() == 10);
}

TEST_CASE("an account has a limit on its connections, and one that closes makes room") {
  Limits limits;
  limits.connections_per_uid = 3;
  Harness harness(limits);
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(harness.connect());
  for (int i = 0; i < 100; ++i) CHECK(harness.connect().is_closed());
  CHECK(harness.server.connections() == 3);
  clients.back().close();
  harness.turn();
  Client again = harness.connect();
  CHECK_FALSE(again.is_closed());
  CHECK(harness.server.connections() == 3);
}

TEST_CASE("connections that the server closed count no more") {
  Limits limits;
  limits.connections_per_uid = 2;
  Harness harness(limits);
  const Client first = harness.connect(), second = harness.connect();
  harness.server.close_all();
  CHECK(harness.server.connections() == 0);
  Client again = harness.connect();
  CHECK_FALSE(again.is_closed());
}

TEST_CASE("connections are counted by uid, and all together") {
  ConnectionCounts counts(2, 3);
  CHECK(counts.add(1));
  CHECK(counts.add(1));
  CHECK_FALSE(counts.add(1));
  CHECK(counts.add(2));
  CHECK_FALSE(counts.add(3));
  counts.remove(1);
  CHECK(counts.add(3));
  CHECK_FALSE(counts.add(1));
}

TEST_CASE("the account itself and root may connect, others may not") {
  const AdmissionPolicy policy = admit_only(1000);
  CHECK(policy(Peer{1000, 1000, 1}, -1));
  CHECK(policy(Peer{0, 0, 1}, -1));
  CHECK_FALSE(policy(Peer{1001, 1000, 1}, -1));
}

TEST_CASE("members of the access group may connect, by their own group or one that they are in as well") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd one(ends[0]), other(ends[1]);
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  REQUIRE(::getgroups(static_cast<int>(groups.size()), groups.data()) == static_cast<int>(groups.size()));
  const AdmissionPolicy policy = admit_only(1000, 4242);
  CHECK(policy(Peer{1001, 4242, 1}, one.get()));
  CHECK_FALSE(policy(Peer{1001, 1001, 1}, one.get()));
  CHECK_FALSE(policy(Peer{1001, 1001, 1}, -1));  // its groups cannot be read
  for (const gid_t group : groups) CHECK(is_member(Peer{1001, 1001, 1}, one.get(), group));
  // Who has no number in this user namespace is nobody in particular.
  CHECK_FALSE(policy(Peer{65534, 4242, 1}, one.get()));
  CHECK(admit_only(65534)(Peer{65534, 65534, 1}, one.get()));  // the account `nobody` itself, where everybody has a number
}

TEST_CASE("without a policy, the account itself may connect") {
  Harness harness({}, AdmissionPolicy{});
  Client client = harness.connect();
  client.send(call_text(0));
  harness.turn();
  CHECK(harness.handler.calls.size() == 1);
}

TEST_CASE("a peer that may not connect is told so at its first call, and closed") {
  Harness harness({}, admit_only(4242));
  const Peer stranger{4243, 4243, 1};
  const std::size_t fds = open_fds();
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  Client client{UniqueFd(ends[0])};
  harness.server.adopt(UniqueFd(ends[1]), stranger);
  harness.turn();
  CHECK_FALSE(client.is_closed());
  const std::string text = call_text(1);
  client.send(text.substr(0, 30), {0, 1});
  harness.turn();
  CHECK_FALSE(client.is_closed());
  client.send(text.substr(30));
  harness.turn();
  const auto replies = client.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0]["error"] == "org.varlink.service.PermissionDenied");
  CHECK(client.is_closed());
  CHECK(harness.handler.calls.empty());
  CHECK(open_fds() == fds + 1);
}

TEST_CASE("peers that may not connect take few descriptors and no endless input") {
  Limits limits;
  limits.refused_connections = 2;
  Harness harness(limits, [](const Peer&, int) { return false; });
  Client first = harness.connect(), second = harness.connect(), third = harness.connect();
  CHECK(third.is_closed());
  CHECK_FALSE(second.is_closed());
  const std::string endless(200 * kKiB, 'x');
  harness.send_all(first, endless);
  CHECK(first.is_closed());
  CHECK(first.bytes_waiting() == 0);
  Client fourth = harness.connect();
  CHECK_FALSE(fourth.is_closed());
  fourth.close();
  harness.turn();
}

// Nothing counted them: as many as a peer liked were kept, for as long as what they waited for.
TEST_CASE("oneway calls that are not answered count like others and make room when they are") {
  Limits limits;
  limits.unanswered_calls = 4;
  Harness harness(limits);
  Client client = harness.connect();
  for (int n = 0; n < 8; ++n) client.send(call_text(n, n % 4 == 0 ? "" : R"("oneway":true)"));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 4);
  for (std::size_t n = 2; n < 4; ++n) calls[n]->reply("{}");
  harness.turn();
  REQUIRE(calls.size() == 6);
  calls[1]->reply("{}");
  calls[5]->reply("{}");
  harness.turn();
  REQUIRE(calls.size() == 8);
  CHECK(client.replies().empty());
  for (std::size_t n : {6, 4, 0, 7}) calls[n]->reply("{}");
  harness.turn();
  CHECK(client.replies().size() == 2);
}

TEST_CASE("the bytes of oneway requests that are not answered count like those of others") {
  Limits limits;
  limits.unanswered_bytes = 1000;
  Harness harness(limits);
  Client client = harness.connect();
  const std::string text = padded_call(600);
  const std::string oneway = text.substr(0, text.size() - 1) + R"(,"oneway":true})" + std::string(1, '\0');
  client.send(oneway + oneway + oneway);
  harness.turn();
  CHECK(harness.handler.calls.size() == 2);
  for (std::size_t n = 0; n < 2; ++n) harness.handler.calls[n]->reply("{}");
  harness.turn();
  CHECK(harness.handler.calls.size() == 3);
}
