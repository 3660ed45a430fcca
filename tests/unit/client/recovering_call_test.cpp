// What a call does when the broker, or the whole daemon, dies under it.
#include "client/lib/recovering_call.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

std::string apply_message() { return proto::write_call(kApply, R"({"job":{"function":"square","arguments":"[7]","key":"k1"}})"); }

}  // namespace

TEST_CASE("a call whose broker died goes on with the same key at the same instance") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    const auto before = first.hear(kApply).call.parameters.tree();
    first.close();
    FakePeer second = self.accept();
    second.greet("A");
    if (second.hear(kApply).call.parameters.tree() != before) throw std::runtime_error("the second call is another one");
    second.say(function_ending(5, "49"));
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["ending"]["result"] == "49");
  server.finish();
}

TEST_CASE("a call whose daemon was replaced ends interrupted and is not sent again") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    first.hear(kApply);
    first.close();
    FakePeer second = self.accept();
    second.greet("B");
    if (second.hears_more()) throw std::runtime_error("the call was sent again");
  });
  {
    Connections connections({server.path()});
    RecoveringCall call(connections, apply_message(), Resend::same_instance);
    const Result<Reply> reply = call.finish(kNever);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::interrupted);
  }
  server.finish();
}

TEST_CASE("a call whose broker never said its instance is sent again to an instance that was there before it") {
  // The bug: brokers that were killed between a call and their Hello made clients end interrupted whose jobs had never run.
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.hear("org.jobpool.Pool.Hello");
    first.hear(kApply);
    first.close();
    FakePeer second = self.accept();
    second.greet("A");
    second.hear(kApply);
    second.say(function_ending(1, "49"));
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["ending"]["result"] == "49");
  server.finish();
}

TEST_CASE("a call whose broker never said its instance is not sent to an instance that began later") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.hear("org.jobpool.Pool.Hello");
    first.hear(kApply);
    first.close();
    FakePeer second = self.accept();
    second.hear("org.jobpool.Pool.Hello");
    second.say(hello("A", boot_usec()));
    if (second.hears_more()) throw std::runtime_error("the call was sent again");
  });
  {
    Connections connections({server.path()});
    RecoveringCall call(connections, apply_message(), Resend::same_instance);
    const Result<Reply> reply = call.finish(kNever);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::interrupted);
  }
  server.finish();
}

TEST_CASE("an idle connection that died is no loss: the call was never seen, and any instance may have it") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    first.hear(kApply);
    first.say(function_ending(1, "1"));
    first.close();
    FakePeer second = self.accept();
    second.greet("B");
    second.hear(kApply);
    second.say(function_ending(1, "2"));
  });
  Connections connections({server.path()});
  RecoveringCall first(connections, apply_message(), Resend::same_instance);
  REQUIRE(first.finish(kNever));
  // The close has happened when the first connection reads as ended.
  Result<Connection> idle = connections.take(kNever);
  REQUIRE(idle);
  CHECK(idle->read_more(kNever).error().code == Errc::closed);
  connections.give_back(std::move(*idle));
  RecoveringCall second(connections, apply_message(), Resend::same_instance);
  const Result<Reply> reply = second.finish(kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["ending"]["result"] == "2");
  server.finish();
}

TEST_CASE("descriptors are passed again with the call that is sent again") {
  FakeServer server([](FakeServer& self) {
    for (const bool last : {false, true}) {
      FakePeer peer = self.accept();
      peer.greet("A");
      if (peer.hear(kApply).fds.size() != 1) throw std::runtime_error("one descriptor belongs to the call");
      if (last) peer.say(function_ending(5, "49"));
    }
  });
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance, {null.get()});
  CHECK(call.finish(kNever));
  server.finish();
}

TEST_CASE("when nobody listens any more, the call ends interrupted instead of waiting") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.greet("A");
    first.hear(kApply);
    self.stop_listening();
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::interrupted);
  server.finish();
}

TEST_CASE("a question is asked again whoever answers, and needs no Hello") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.hear("org.jobpool.Job.Ready");
    first.close();
    FakePeer second = self.accept();
    second.hear("org.jobpool.Job.Ready");
    second.say("{\"ready\":true}");
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, proto::write_call("org.jobpool.Job.Ready", "{\"id\":1}"), Resend::always);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE(reply);
  CHECK(reply->parameters.tree()["ready"] == true);
  server.finish();
}

// A call that acts and was lost ended as one that has had no effect: a program that took that for true killed, or put, twice.
TEST_CASE("a call that must not be sent twice is not and says that nobody knows whether it acted") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    first.hear("org.jobpool.Job.Kill");
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, proto::write_call("org.jobpool.Job.Kill", "{\"id\":1,\"signal\":15}"), Resend::never);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::interrupted);
  server.finish();
}

TEST_CASE("a call that only asks and is lost has had no effect whether it may be sent again or not") {
  const Resend resend = GENERATE(Resend::never_asks, Resend::always);
  FakeServer server([resend](FakeServer& self) {
    for (int life = 0; life <= (resend == Resend::always ? kMaxLosses : 0); ++life) self.accept().hear("org.jobpool.Job.List");
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, proto::write_call("org.jobpool.Job.List", "{}", proto::CallMode::more), resend);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::closed);
  server.finish();
}

TEST_CASE("a call that acts under a key that any instance may know is sent to whoever answers and interrupted when it is lost") {
  FakeServer server([](FakeServer& self) {
    for (int life = 0; life <= kMaxLosses; ++life) self.accept().hear("org.jobpool.Queue.Put");
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, proto::write_call("org.jobpool.Queue.Put", "{}"), Resend::any_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::interrupted);
  server.finish();
}

TEST_CASE("a call that acts and was never sent is closed: there is no daemon and nothing has happened") {
  Connections connections({"/nowhere/socket"});
  RecoveringCall call(connections, proto::write_call("org.jobpool.Queue.Put", "{}"), Resend::any_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::closed);
}

TEST_CASE("a call that costs broker after broker its life is given up") {
  FakeServer server([](FakeServer& self) {
    for (int life = 0; life <= kMaxLosses; ++life) {
      FakePeer peer = self.accept();
      peer.greet("A");
      peer.hear(kApply);
    }
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::interrupted);
  server.finish();
}

TEST_CASE("a caller that waits for something else too is woken by it, and the call goes on") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd bell{ends[0]}, rope{ends[1]};
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApply);
    if (::write(rope.get(), "x", 1) != 1) throw std::runtime_error("the rope broke");
    self.accept().wait_for_end();  // the woken caller says that it was
    peer.say(function_ending(5, "49"));
  });
  Connections connections({server.path()});
  RecoveringCall call(connections, apply_message(), Resend::same_instance);
  std::array<pollfd, 1> others{{{bell.get(), POLLIN, 0}}};
  const Result<std::optional<Reply>> woken = call.next(kNever, others);
  REQUIRE(woken);
  CHECK_FALSE(woken->has_value());
  CHECK(others[0].revents == POLLIN);
  others[0].fd = -1;  // the bell is heard
  const Result<std::optional<Reply>> early = call.next(Clock::now() + 1ms, others);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Errc::timed_out);
  CHECK(Connection::open(server.path(), kNever));
  const Result<std::optional<Reply>> late = call.next(kNever, others);
  REQUIRE(late);
  REQUIRE(late->has_value());
  CHECK((*late)->parameters.tree()["ending"]["result"] == "49");
  server.finish();
}

TEST_CASE("a call whose message is made when it is sent is made anew when it is sent again") {
  FakeServer server([](FakeServer& self) {
    for (const char* key : {"k1", "k2"}) {
      FakePeer peer = self.accept();
      peer.greet("A");
      if (peer.hear(kApply).call.parameters.tree()["job"]["key"] != key) throw std::runtime_error("another message than the next one");
      peer.say(function_ending(1, "1"), key == std::string_view{"k1"});
    }
  });
  int made = 0;
  Connections connections({server.path()});
  RecoveringCall call(
      connections, [&] { return proto::write_call(kApply, R"({"job":{"function":"square","key":"k)" + std::to_string(++made) + "\"}}"); },
      Resend::same_instance);
  for (const bool continues : {true, false}) {
    const Result<std::optional<Reply>> reply = call.next(kNever);
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK((*reply)->continues == continues);
  }
  CHECK(made == 2);
  server.finish();
}

TEST_CASE("a large call that acts and may have acted is interrupted when no broker comes to read it again") {
  // The bug: it was larger than the socket's buffer, and what waited for room there ended as the caller's own time-out, which it had not.
  FakeServer server([](FakeServer& self) { self.accept().hear("org.jobpool.Queue.Put"); });  // and nobody accepts any more
  Connections connections({server.path()});
  const std::string name(8 * 1024 * 1024, 'x');
  RecoveringCall call(connections, proto::write_call("org.jobpool.Queue.Put", "{\"name\":\"" + name + "\"}"), Resend::any_instance);
  call.set_recovery_patience(1ms);
  const Result<Reply> reply = call.finish(kNever);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::interrupted);
  server.finish();
}
