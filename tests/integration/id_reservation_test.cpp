// Ids that could not be reserved on disk stay in the broker, which leaves.
#include <signal.h>

#include <filesystem>
#include <fstream>

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
  const auto state = daemon.folder() / "state";
  std::filesystem::create_directory(state / "ids.new");  // as a full disk would, for root as well
  std::uint64_t reserved = 0;
  std::ifstream{state / "ids"} >> reserved;
  REQUIRE(reserved > 1);

  std::string calls;
  for (int i = 0; i < 1'100; ++i)
    calls += call_text("org.jobpool.Pool.ApplyAsync", {{"job", {{"function", "square"}, {"arguments", "[7]"}}}});
  // All at once: they are one turn.
  const pid_t broker = daemon.broker_pid();
  REQUIRE(signal_child(broker, daemon.pid(), SIGSTOP));
  REQUIRE(client.write(calls));
  REQUIRE(signal_child(broker, daemon.pid(), SIGCONT));
  while (const auto reply = client.receive()) {
    REQUIRE(reply->contains("parameters"));
    REQUIRE((*reply)["parameters"]["id"].get<std::uint64_t>() < reserved);
  }
  CHECK(daemon.wait_for_exit() == 78);
  CHECK(daemon.log().find("cannot reserve job ids") != std::string::npos);
}
