// File descriptors in and out: which message they belong to, and that none is ever left open.
#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  UniqueFd read, write;
};

bool is_same_file(int one, int other) {
  struct stat a {
  }, b{};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_ino == b.st_ino;
}

}  // namespace

TEST_CASE("descriptors come with their message, in their order, close-on-exec") {
  Harness harness;
  Client client = harness.connect();
  const Pipe first, second;
  client.send(call_text(0), {first.write.get(), second.write.get()});
  harness.turn();
  const auto& fds = harness.handler.calls.at(0)->fds;
  REQUIRE(fds.size() == 2);
  CHECK(is_same_file(fds[0].get(), first.write.get()));
  CHECK(is_same_file(fds[1].get(), second.write.get()));
  CHECK((::fcntl(fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("descriptors go to the message they were sent with, whatever came before in the same read") {
  Harness harness;
  Client client = harness.connect();
  const Pipe one, two;
  client.send(call_text(0) + call_text(1));
  client.send(call_text(2), {one.write.get()});
  client.send(call_text(3));
  client.send(call_text(4), {two.write.get()});
  client.send(call_text(5));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 6);
  std::vector<std::size_t> counts;
  for (const auto& call : calls) counts.push_back(call->fds.size());
  CHECK(counts == std::vector<std::size_t>{0, 0, 1, 0, 1, 0});
  CHECK(is_same_file(calls[2]->fds.at(0).get(), one.write.get()));
  CHECK(is_same_file(calls[4]->fds.at(0).get(), two.write.get()));
}

TEST_CASE("descriptors belong to the last message of the send that they came with") {
  Harness harness;
  Client client = harness.connect();
  const Pipe pipe;
  client.send(call_text(0) + call_text(1), {pipe.write.get()});
  client.send(call_text(2));
  harness.turn();
  auto& calls = harness.handler.calls;
  REQUIRE(calls.size() == 3);
  CHECK(calls[0]->fds.empty());
  REQUIRE(calls[1]->fds.size() == 1);
  CHECK(is_same_file(calls[1]->fds[0].get(), pipe.write.get()));
  CHECK(calls[2]->fds.empty());
}

TEST_CASE("descriptors ride with the first byte of a message that comes in pieces") {
  Harness harness;
  Client client = harness.connect();
  const Pipe one, two;
  const std::string text = call_text(0);
  client.send(text.substr(0, 1), {one.write.get()});
  harness.turn();
  client.send(text.substr(1, 10), {two.write.get()});  // too late: closed
  harness.turn();
  client.send(text.substr(11));
  harness.turn();
  REQUIRE(harness.handler.calls.size() == 1);
  REQUIRE(harness.handler.calls[0]->fds.size() == 1);
  CHECK(is_same_file(harness.handler.calls[0]->fds[0].get(), one.write.get()));
}

TEST_CASE("descriptors do not leak, whatever becomes of their message") {
  Harness harness;
  const std::size_t before = open_fds();
  {
    const Pipe pipe;
    const int fd = pipe.write.get();
    Client answered = harness.connect();
    answered.send(call_text(0), {fd, fd, fd});
    harness.turn();
    harness.handler.calls.at(0)->reply("{}");
    Client unknown = harness.connect();
    unknown.send(call_text(0, {}, "no.such.Thing"), {fd});
    Client broken = harness.connect();
    broken.send(std::string("{\0", 2), {fd});
    Client unfinished = harness.connect();
    unfinished.send("{", {fd});
    Client surplus = harness.connect();
    surplus.send("{");
    harness.turn();
    surplus.send("\"", {fd});
    Client oneway = harness.connect();
    oneway.send(call_text(1, R"("oneway":true)"), {fd});
    harness.turn();
    CHECK(harness.handler.calls.size() == 2);
    harness.handler.calls.clear();
  }
  harness.turn();
  CHECK(harness.server.connections() == 0);
  CHECK(open_fds() == before);
}

TEST_CASE("sixteen descriptors are taken, more close the connection") {
  Harness harness;
  const Pipe pipe;
  const std::size_t before = open_fds();
  {
    Client client = harness.connect();
    client.send(call_text(0), std::vector<int>(16, pipe.write.get()));
    harness.turn();
    CHECK(harness.handler.calls.at(0)->fds.size() == 16);
    client.send(call_text(1), std::vector<int>(17, pipe.write.get()));
    harness.turn();
    CHECK(client.is_closed());
    CHECK(harness.handler.calls.size() == 1);
    harness.handler.calls.clear();
  }
  CHECK(open_fds() == before);
}

TEST_CASE("a reply's descriptors arrive with it and are closed here") {
  Harness harness;
  const Pipe pipe;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1) + call_text(2));
  harness.turn();
  const std::size_t before = open_fds();
  const auto reply_with_fd = [&](std::size_t n, int fd) {
    std::vector<UniqueFd> fds;
    fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    harness.handler.calls.at(n)->reply(R"({"n":)" + std::to_string(n) + "}", std::move(fds));
  };
  int handed_over = 0;
  harness.handler.calls[0]->reply("{}", {}, [&] { ++handed_over; });
  reply_with_fd(2, pipe.read.get());
  reply_with_fd(1, pipe.write.get());
  harness.turn();
  CHECK(handed_over == 1);
  CHECK(client.replies().size() == 3);
  REQUIRE(client.fds.size() == 2);
  CHECK(::write(client.fds[0].get(), "x", 1) == 1);  // call 1's
  char byte = 0;
  CHECK(::read(client.fds[1].get(), &byte, 1) == 1);  // call 2's
  CHECK(byte == 'x');
  client.fds.clear();
  CHECK(open_fds() == before);
}

TEST_CASE("a reader that takes one message at a time gets each reply's descriptors apart") {
  Harness harness;
  const Pipe pipe;
  Client client = harness.connect();
  client.send(call_text(0) + call_text(1) + call_text(2) + call_text(3));
  harness.turn();
  for (std::size_t n = 0; n < 4; ++n) {
    std::vector<UniqueFd> fds;
    if (n % 2 == 1) fds.emplace_back(::fcntl(pipe.read.get(), F_DUPFD_CLOEXEC, 0));
    harness.handler.calls.at(n)->reply("{}", std::move(fds));
  }
  harness.turn();
  // Replies 0 and 1 are glued by the kernel up to the first descriptor, reply 2 comes with 3 and the second: never two of them at once.
  std::vector<std::byte> buffer(4096);
  Inbox inbox;
  std::vector<std::size_t> counts;
  while (inbox.read(client.fd(), buffer) == Inbox::Read::bytes) {
    while (auto message = inbox.next()) counts.push_back(message->fds.size());
  }
  CHECK(counts == std::vector<std::size_t>{0, 1, 0, 1});
}

TEST_CASE("a reply whose peer is gone closes its descriptors") {
  Harness harness;
  const Pipe pipe;
  const std::size_t before = open_fds();
  {
    Client client = harness.connect();
    client.send(call_text(0) + call_text(1));
    harness.turn();
    client.close();
    for (const auto& call : harness.handler.calls) {
      std::vector<UniqueFd> fds;
      fds.emplace_back(::fcntl(pipe.read.get(), F_DUPFD_CLOEXEC, 0));
      call->reply("{}", std::move(fds));
    }
    harness.turn();
  }
  CHECK(harness.server.connections() == 0);
  CHECK(open_fds() == before);
}

// Each was kept, up to the last that the broker may have: it heard neither callers nor the supervisor any more.
TEST_CASE("descriptors for which there is no room are closed at once and their call says so") {
  const Pipe pipe;
  Limits limits;
  limits.end_of_passed_fds = static_cast<int>(open_fds()) + 40;  // of these, the harness has some
  Harness harness(limits);
  Client client = harness.connect(), half = harness.connect();
  const std::vector<int> sixteen(16, pipe.write.get());
  std::size_t kept = 0;
  for (int n = 0; n < 4; ++n) {
    client.send(call_text(n), sixteen);
    harness.turn();
    const Call& call = *harness.handler.calls.back();
    CHECK(call.lost_fds == call.fds.empty());
    kept += call.fds.size();
  }
  CHECK(harness.handler.calls.front()->fds.size() == 16);
  CHECK(harness.handler.calls.back()->lost_fds);
  CHECK(kept < 40);
  const std::size_t before = open_fds();
  half.send("{", sixteen);
  harness.turn();
  CHECK(open_fds() == before);
  client.send(call_text(4));
  harness.turn();
  CHECK_FALSE(harness.handler.calls.back()->lost_fds);
  harness.handler.calls.clear();
}

TEST_CASE("descriptors of calls that are not answered are limited whatever the number of the calls") {
  const Pipe pipe;
  Limits limits;
  limits.unanswered_fds = 8;
  Harness harness(limits);
  Client client = harness.connect();
  const auto send_with_fds = [&](int n) { client.send(call_text(n), {pipe.write.get(), pipe.write.get(), pipe.write.get()}); };
  for (int n = 0; n < 6; ++n) send_with_fds(n);
  harness.turn();
  auto& calls = harness.handler.calls;
  CHECK(calls.size() == 3);
  calls.at(0)->reply("{}");
  calls.at(1)->reply("{}");
  harness.turn();
  CHECK(calls.size() == 5);  // three are the half
  for (std::size_t n = 2; n < 5; ++n) calls[n]->reply("{}");
  harness.turn();
  CHECK(calls.size() == 6);
}

TEST_CASE("descriptors that a handler took or closed are counted no more and an answered call has none") {
  const Pipe pipe;
  Limits limits;
  limits.unanswered_fds = 2;
  Harness harness(limits);
  Client client = harness.connect();
  std::vector<std::shared_ptr<Call>> calls;
  harness.handler.script = [&](const std::shared_ptr<Call>& call) {
    calls.push_back(call);
    if (calls.size() < 3) return call->fds.clear();
    if (calls.size() == 3) call->reply("{}");
  };
  for (int n = 0; n < 5; ++n) client.send(call_text(n), {pipe.write.get(), pipe.write.get()});
  harness.turn();
  REQUIRE(calls.size() == 4);  // the fourth keeps its own
  CHECK(calls[2]->fds.empty());
  CHECK(calls[3]->fds.size() == 2);
  calls.clear();
  harness.handler.script = nullptr;
}
