// The broker's end of its conversation with the supervisor.
#include "daemon/broker/supervisor_link.hpp"

#include <sys/socket.h>

#include "common/socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("what the supervisor's socket does not take at once comes all the same, in order, with nothing else to do") {
  // The bug: it went with the next turn. When three hundred workers had died at once there was none: the broker slept on what it had not
  // said, and no other worker was started until a client came.
  constexpr std::uint64_t kMessages = 2'000;
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const int small = 4'608;
  REQUIRE(::setsockopt(pair->first.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
  asio::io_context io;
  SupervisorLink link(io, std::move(pair->first), {[](const control::Envelope&) {}, [] {}});
  REQUIRE(link.start());
  for (std::uint64_t number = 1; number <= kMessages; ++number) {
    control::Message message;
    message.kind = control::Kind::forget_worker;
    message.incarnation = Incarnation{number};
    link.send(message);
  }
  std::uint64_t heard = 0;
  const auto all_are_heard = [&] {
    io.poll();
    while (const auto envelope = control::receive(pair->second.get())) CHECK(envelope->message.incarnation.value == ++heard);
    return heard == kMessages;
  };
  CHECK(all_are_heard() == false);  // else it tries nothing
  CHECK(jobpool::testing::wait_until(all_are_heard));
}
