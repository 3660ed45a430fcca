// Ids that could not be reserved on disk stay in the broker, which leaves.
#include <signal.h>
#include <sys/resource.h>

#include <cstdint>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

TEST_CASE("nobody is told an id that the disk had no room to reserve") {
  // The bug: a broker that could not reserve the ids of its turn sent the turn's answers before it left. The next daemon gave these ids
  // again.
  Daemon daemon({.workers = 1});
  VarlinkClient client = daemon.connect();
  client.call("org.jobpool.Pool.Hello");  // the broker is there and has its first reservation
  constexpr std::uint64_t kReserved = 1'025;
  const pid_t broker = daemon.broker_pid();
  // Nothing can be written any more, by root neither.
  const rlimit none{0, 0};
  REQUIRE(::prlimit(broker, RLIMIT_FSIZE, &none, nullptr) == 0);

  std::string calls;
  for (int i = 0; i < 1'100; ++i)
    calls += call_text("org.jobpool.Pool.ApplyAsync", {{"job", {{"function", "square"}, {"arguments", "[7]"}, {"durable", false}}}});
  // All at once: they are one turn.
  REQUIRE(signal_child(broker, daemon.pid(), SIGSTOP));
  REQUIRE(client.write(calls));
  REQUIRE(signal_child(broker, daemon.pid(), SIGCONT));
  std::uint64_t highest = 0;
  while (const auto reply = client.receive()) {
    REQUIRE(reply->contains("parameters"));
    highest = (*reply)["parameters"]["id"].get<std::uint64_t>();
    REQUIRE(highest < kReserved);
  }
  // The bug: that was the daemon's end, and of all that ran. The next broker may have more luck.
  CHECK(std::stoull(daemon.submit({"@square", "7"})) > highest);
  CHECK(daemon.status()["brokerRestarts"] == 1);
}
