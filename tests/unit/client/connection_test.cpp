// One connection: messages, descriptors, deadlines and closing.
#include "client/lib/connection.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "tests/support/asleep.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/crowded_wire.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

Connection open(const FakeServer& server) {
  Result<Connection> connection = Connection::open(server.path(), kNever);
  REQUIRE(connection);
  return std::move(*connection);
}

long times_slept() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

bool same_file(int a, int b) {
  struct stat first {
  }, second{};
  REQUIRE(::fstat(a, &first) == 0);
  REQUIRE(::fstat(b, &second) == 0);
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

TEST_CASE("a call is answered, whatever pieces the answer comes in") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const Heard heard = peer.hear("a.b.Double");
    std::string reply;
    proto::append_reply(reply, "{\"n\":" + std::to_string(2 * heard.call.parameters.tree()["n"].get<int>()) + "}");
    for (const char byte : reply) peer.write({&byte, 1});
  });
  Connection connection = open(server);
  const Result<Reply> reply = connection.call("a.b.Double", "{\"n\":21}", kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["n"] == 42);
  CHECK(reply->error.empty());
  server.finish();
}

// A caller that sleeps in recvmsg is woken when the daemon takes its call, since there is room to send more then: two switches of every
// call for nothing, a sixth of its time where there is one processor.
TEST_CASE("a caller sleeps until its answer comes") {
  constexpr int kCalls = 20;
  const pid_t caller = ::gettid();
  FakeServer server([caller](FakeServer& self) {
    FakePeer peer = self.accept();
    for (int i = 0; i < kCalls; ++i) {
      for (const std::string_view state : {"before", "after"}) {
        if (state == "after") peer.hear("a.b.Nothing");
        if (!wait_until([&] { return is_asleep(caller); })) throw std::runtime_error("the caller does not sleep");
      }
      peer.say("{}");
    }
  });
  Connection connection = open(server);
  const long before = times_slept();
  for (int i = 0; i < kCalls; ++i) REQUIRE(connection.call("a.b.Nothing", "{}", kNever));
  CHECK(times_slept() - before < kCalls + kCalls / 2);
  server.finish();
}

TEST_CASE("a stream of replies is taken one by one") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    if (!peer.hear("a.b.List").call.more) throw std::runtime_error("called without more");
    for (int i = 0; i < 3; ++i) peer.say("{\"i\":" + std::to_string(i) + "}", i < 2);
  });
  Connection connection = open(server);
  REQUIRE(connection.send(proto::write_call("a.b.List", "{}", proto::CallMode::more), {}, kNever));
  for (int i = 0; i < 3; ++i) {
    const Result<Reply> reply = connection.receive(kNever);
    REQUIRE(reply);
    CHECK(reply->parameters.tree()["i"] == i);
    CHECK(reply->continues == (i < 2));
  }
  server.finish();
}

TEST_CASE("descriptors arrive in both directions, close-on-exec") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const Heard heard = peer.hear("a.b.Swap");
    if (heard.fds.size() != 2) throw std::runtime_error("two descriptors were passed");
    peer.say_with("{\"descriptor\":0}", heard.fds[1].get());
  });
  Connection connection = open(server);
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)}, zero{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
  const std::array<int, 2> fds{null.get(), zero.get()};
  const Result<Reply> reply = connection.call("a.b.Swap", "{}", kNever, proto::CallMode::plain, fds);
  REQUIRE(reply);
  REQUIRE(reply->fds.size() == 1);
  CHECK(same_file(reply->fds[0].get(), zero.get()));
  CHECK((::fcntl(reply->fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(connection.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  server.finish();
}

TEST_CASE("a daemon that closes in the middle of an answer is closed, not half an answer") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear();
    peer.write("{\"parameters\":{\"n\":1");
  });
  Connection connection = open(server);
  const Result<Reply> reply = connection.call("a.b.C", "{}", kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::closed);
  server.finish();
}

TEST_CASE("a daemon that closed does not kill the client with SIGPIPE") {
  FakeServer server([](FakeServer& self) { self.accept().close(); });
  Connection connection = open(server);
  server.finish();
  const Result<void> sent = connection.send(proto::write_call("a.b.C", "{}"), {}, kNever);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::closed);
}

TEST_CASE("what is no Varlink is a protocol error") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear();
    peer.write(std::string_view{"HTTP/1.1 400\0", 13});
  });
  Connection connection = open(server);
  const Result<Reply> reply = connection.call("a.b.C", "{}", kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::protocol);
  server.finish();
}

TEST_CASE("a silent daemon costs no more than the deadline, and the answer can still be waited for") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("a.b.First");
    peer.hear("a.b.GoOn");
    peer.say("{\"late\":true}");
  });
  Connection connection = open(server);
  const Result<Reply> early = connection.call("a.b.First", "{}", Clock::now() + 1ms);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Errc::timed_out);
  REQUIRE(connection.send(proto::write_call("a.b.GoOn", "{}"), {}, kNever));
  const Result<Reply> late = connection.receive(kNever);
  REQUIRE(late);
  CHECK(late->parameters.tree()["late"] == true);
  server.finish();
}

TEST_CASE("a large message is sent while the daemon reads slowly, and a large answer comes whole") {
  const std::string text(8 * 1024 * 1024, 'x');
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const Heard heard = peer.hear();
    peer.say("{\"text\":\"" + heard.call.parameters.tree()["text"].get<std::string>() + "\"}");
  });
  Connection connection = open(server);
  const Result<Reply> reply = connection.call("a.b.Echo", "{\"text\":\"" + text + "\"}", Clock::now() + 60s);
  REQUIRE(reply);
  CHECK((reply->parameters.tree()["text"].get<std::string>() == text));
  server.finish();
}

TEST_CASE("whoever sends much reads meanwhile, since a daemon whose answers nobody reads reads nothing either") {
  // The bug: of many calls in one message the first were answered, and both sides waited for ever until the other read.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("a.b.First");
    peer.say("{\"text\":\"" + std::string(4 * 1024 * 1024, 'y') + "\"}");  // returns when it is read
    peer.hear("a.b.Second");
    peer.say("{}");
  });
  Connection connection = open(server);
  const std::string second = proto::write_call("a.b.Second", "{\"text\":\"" + std::string(4 * 1024 * 1024, 'x') + "\"}");
  REQUIRE(connection.send(proto::write_call("a.b.First", "{}") + second, {}, Clock::now() + 60s));
  const Result<Reply> large = connection.receive(Clock::now() + 60s), empty = connection.receive(Clock::now() + 60s);
  REQUIRE(large);
  CHECK(large->parameters.tree()["text"].get<std::string>().size() == 4 * 1024 * 1024);
  CHECK(empty);
  server.finish();
}

TEST_CASE("nobody there, and a path that fits no socket, are told apart") {
  CHECK(Connection::open("/tmp/no/such/jobpool", kNever).error().code == Errc::not_found);
  const Result<Connection> too_long = Connection::open("/" + std::string(200, 'x'), kNever);
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code == Errc::invalid_argument);
}

TEST_CASE("large arguments are put into their call on its way, whatever characters stand where it is cut") {
  std::string arguments = "[\"";
  while (arguments.size() < 1'000'000) arguments += "就é😀\\n\\\"";
  arguments += "\"]";
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    const Heard heard = peer.hear("a.b.Take");
    peer.say(heard.call.parameters.tree()["text"].get<std::string>() == arguments ? R"({"same":true})" : R"({"same":false})");
  });
  Connection connection = open(server);
  Message message{proto::write_call("a.b.Take", R"({"text":""})"), arguments};
  message.arguments_at = message.text.find(R"("}})");
  REQUIRE(connection.send(message, {}, kNever));
  const Result<Reply> reply = connection.receive(kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["same"] == true);
  server.finish();
}

TEST_CASE("descriptors that the kernel does not pass on at present are sent when others have been taken") {
  // The bug: as many of this user's were on their way as may be, of whichever process, and the call failed at once.
  CrowdedWire wire;
  const pid_t caller = ::gettid();
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    if (!wait_until([&] { return is_asleep(caller); })) throw std::runtime_error("the caller does not wait");
    wire.take();
    if (peer.hear("a.b.Take").fds.size() != 1) throw std::runtime_error("one descriptor was passed");
    peer.say("{}");
  });
  Connection connection = open(server);
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const std::array<int, 1> fds{null.get()};
  CHECK(connection.call("a.b.Take", "{}", kNever, proto::CallMode::plain, fds));
  server.finish();
}

TEST_CASE("descriptors that wait to be sent wait no longer than the deadline") {
  const CrowdedWire wire;
  FakeServer server([](FakeServer& self) { self.accept().wait_for_end(); });
  Result<void> sent;
  {
    Connection connection = open(server);
    const std::array<int, 1> fds{0};
    sent = connection.send(proto::write_call("a.b.C", "{}"), fds, Clock::now() + 1ms);
  }
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::timed_out);
  server.finish();
}

TEST_CASE("a daemon that closes while descriptors wait to be sent ends the wait") {
  const CrowdedWire wire;
  const pid_t caller = ::gettid();
  FakeServer server([caller](FakeServer& self) {
    FakePeer peer = self.accept();
    if (!wait_until([&] { return is_asleep(caller); })) throw std::runtime_error("the caller does not wait");
    peer.close();
  });
  Connection connection = open(server);
  const std::array<int, 1> fds{0};
  const Result<void> sent = connection.send(proto::write_call("a.b.C", "{}"), fds, kNever);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::closed);
  server.finish();
}
