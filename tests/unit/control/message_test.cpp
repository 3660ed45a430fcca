// Control messages: what is not exactly as agreed is refused, and leaves no descriptor behind.
#include "common/control/message.hpp"

#include <vector>

#include "common/socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/no_more_fds.hpp"
#include "tests/unit/control/open_fds.hpp"

using namespace jobpool;
using namespace jobpool::control;
using jobpool::test::open_fds;

namespace {

struct Wire {
  SocketPair pair = std::move(*seqpacket_pair());

  Result<Envelope> pass(const Message& message, std::size_t fds = 0) {
    const std::vector<int> some(fds, 0);
    REQUIRE(send(pair.first.get(), message, some));
    return receive(pair.second.get());
  }
};

Message message_of(Kind kind) {
  Message message;
  message.kind = kind;
  return message;
}

void check_refused(const Result<Envelope>& result) {
  REQUIRE(!result);
  CHECK(result.error().code == Errc::protocol);
}

}  // namespace

TEST_CASE("every field of a control message arrives as it was sent") {
  Wire wire;
  Message message = message_of(Kind::worker_started);
  message.incarnation = Incarnation{7};
  message.number = WorkerNumber{3};
  message.pid = 4711;
  message.code = -1;
  message.value = 1;
  message.usec = 1234567890123;
  auto envelope = wire.pass(message, 6);
  REQUIRE(envelope);
  CHECK(envelope->fds.size() == 6);
  const Message& got = envelope->message;
  CHECK(got.kind == Kind::worker_started);
  CHECK(got.incarnation == Incarnation{7});
  CHECK(got.number == WorkerNumber{3});
  CHECK(got.pid == 4711);
  CHECK(got.code == -1);
  CHECK(got.value == 1);
  CHECK(got.usec == 1234567890123);
}

TEST_CASE("a control message of another version is refused") {
  Wire wire;
  Message message = message_of(Kind::ready);
  message.version = kVersion + 1;
  check_refused(wire.pass(message));
}

TEST_CASE("a control message of an unknown kind is refused, with and without descriptors") {
  Wire wire;
  const auto before = open_fds();
  for (const std::uint32_t kind : {0u, 7u, 11u, 15u, 25u, 0xffffffffu}) {
    check_refused(wire.pass(message_of(static_cast<Kind>(kind))));
    check_refused(wire.pass(message_of(static_cast<Kind>(kind)), 3));
  }
  CHECK(open_fds() == before);
}

TEST_CASE("a control message of another size is refused") {
  Wire wire;
  std::vector<std::byte> bytes(sizeof(Message) - 1);
  REQUIRE(send_message(wire.pair.first.get(), bytes));
  check_refused(receive(wire.pair.second.get()));
  bytes.resize(sizeof(Message) + 1);
  REQUIRE(send_message(wire.pair.first.get(), bytes));
  check_refused(receive(wire.pair.second.get()));
}

TEST_CASE("each kind takes exactly its descriptors, and refused ones are closed") {
  struct Rule {
    Kind kind;
    std::size_t least, most;
  };
  Wire wire;
  const auto before = open_fds();
  for (const Rule& rule :
       {Rule{Kind::welcome, 3, kMaxPassedFds}, Rule{Kind::worker_started, 6, 6}, Rule{Kind::handover_done, 0, 0},
        Rule{Kind::worker_died, 0, 0}, Rule{Kind::drain, 0, 0}, Rule{Kind::stop_now, 0, 0}, Rule{Kind::reload, 0, 0},
        Rule{Kind::start_worker, 0, 0}, Rule{Kind::kill_worker, 0, 0}, Rule{Kind::forget_worker, 0, 0}, Rule{Kind::ready, 0, 0},
        Rule{Kind::drained, 0, 0}, Rule{Kind::shutdown, 0, 0}, Rule{Kind::checkup, 0, 0}, Rule{Kind::healthy, 0, 0},
        Rule{Kind::reload_refused, 0, 0}, Rule{Kind::retire_worker, 0, 0}, Rule{Kind::signal_worker, 0, 0}}) {
    for (std::size_t count = 0; count <= kMaxPassedFds; ++count) {
      auto envelope = wire.pass(message_of(rule.kind), count);
      if (count >= rule.least && count <= rule.most) {
        REQUIRE(envelope);
        CHECK(envelope->fds.size() == count);
      } else {
        check_refused(envelope);
      }
    }
  }
  CHECK(open_fds() == before);
}

TEST_CASE("the end of a control socket is told as closed, an empty one as full") {
  Wire wire;
  auto nothing = receive(wire.pair.second.get());
  REQUIRE(!nothing);
  CHECK(nothing.error().code == Errc::full);
  wire.pair.first.reset();
  auto end = receive(wire.pair.second.get());
  REQUIRE(!end);
  CHECK(end.error().code == Errc::closed);
}

TEST_CASE("a control message whose descriptors find no room in this process arrives and says so") {
  // The bug: it was taken for a broken supervisor's, and the broker left.
  Wire wire;
  Message message = message_of(Kind::worker_started);
  message.incarnation = Incarnation{7};
  const std::vector<int> six(6, 0);
  const auto before = open_fds();
  REQUIRE(send(wire.pair.first.get(), message, six));
  REQUIRE(send(wire.pair.first.get(), message, six));
  {
    const testing::NoMoreFds limit(3);
    const auto envelope = receive(wire.pair.second.get());
    REQUIRE(envelope);
    CHECK(envelope->message.incarnation == Incarnation{7});
    CHECK(envelope->fds.empty());
    CHECK(envelope->lost_fds);
  }
  CHECK(open_fds() == before);
  const auto next = receive(wire.pair.second.get());
  REQUIRE(next);
  CHECK(next->fds.size() == 6);
  CHECK_FALSE(next->lost_fds);
}

TEST_CASE("a control message of a kind without descriptors is refused with some, also when they find no room") {
  Wire wire;
  const testing::NoMoreFds limit;
  check_refused(wire.pass(message_of(Kind::drain), 1));
}
