// Messages to a broker that does not read: kept in order with their descriptors, and sent when it reads again.
#include "daemon/supervisor/outbox.hpp"

#include <sys/stat.h>

#include "common/socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/crowded_wire.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using control::Kind;
using control::Message;

namespace {

Message numbered(Kind kind, std::int64_t number) {
  Message message;
  message.kind = kind;
  message.usec = number;
  return message;
}

}  // namespace

TEST_CASE("an outbox keeps what the socket does not take, and loses neither order nor descriptors") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  auto file = seqpacket_pair();
  REQUIRE(file);
  struct stat original {};
  REQUIRE(::fstat(file->first.get(), &original) == 0);
  Outbox outbox;
  std::int64_t count = 0;
  while (outbox.is_empty()) REQUIRE(outbox.put(pair->first.get(), numbered(Kind::handover_done, count++)));
  const std::vector<int> fds(6, file->first.get());
  REQUIRE(outbox.put(pair->first.get(), numbered(Kind::worker_started, count++), fds));
  file->first.reset();  // its owner need not keep it
  for (int i = 0; i < 100; ++i) REQUIRE(outbox.put(pair->first.get(), numbered(Kind::handover_done, count++)));

  std::int64_t next = 0;
  bool with_fds = false;
  while (next < count) {
    auto envelope = control::receive(pair->second.get());
    if (!envelope) {
      REQUIRE(envelope.error().code == Errc::full);
      REQUIRE(outbox.flush(pair->first.get()));
      continue;
    }
    REQUIRE(envelope->message.usec == next++);
    if (envelope->fds.empty()) continue;
    struct stat arrived {};
    REQUIRE(::fstat(envelope->fds.back().get(), &arrived) == 0);
    CHECK(arrived.st_ino == original.st_ino);
    with_fds = true;
  }
  CHECK(with_fds);
  CHECK(outbox.is_empty());
  CHECK(outbox.sent() == static_cast<std::size_t>(count));
}

TEST_CASE("an outbox has an end, and a closed socket is told") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  Outbox outbox;
  Result<void> put;
  std::size_t taken = 0;
  for (; put && taken < 2 * Outbox::kMaxWaiting; ++taken) put = outbox.put(pair->first.get(), numbered(Kind::handover_done, 0));
  REQUIRE(!put);
  CHECK(put.error().code == Errc::full);
  pair->second.reset();
  auto flushed = outbox.flush(pair->first.get());
  REQUIRE(!flushed);
  CHECK(flushed.error().code == Errc::closed);
}

TEST_CASE("an outbox keeps what the kernel does not pass on at present, and says that it is to be tried again") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const std::vector<int> fds(6, 0);
  Outbox outbox;
  testing::CrowdedWire wire;
  REQUIRE(outbox.put(pair->first.get(), numbered(Kind::worker_started, 1), fds));
  CHECK(outbox.was_refused());
  REQUIRE(outbox.put(pair->first.get(), numbered(Kind::handover_done, 2)));  // in their order
  REQUIRE(outbox.flush(pair->first.get()));
  CHECK(outbox.was_refused());
  CHECK(outbox.sent() == 0);
  wire.take();
  REQUIRE(outbox.flush(pair->first.get()));
  CHECK_FALSE(outbox.was_refused());
  CHECK(outbox.is_empty());
  CHECK(outbox.sent() == 2);
}
