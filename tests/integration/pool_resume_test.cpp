// jobpool pool resume: ends a pause, and reopens what was closed or terminated.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool resume, or pool open, reopens a pool that was closed and joined, or terminated, and it has its workers again") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "2"});
  for (const char* end : {"close", "terminate"}) {
    INFO(end);
    REQUIRE(daemon.run({end, "images"}).exit_code == 0);
    REQUIRE(daemon.run({"join", "images"}).exit_code == 0);
    CHECK(daemon.run({"apply", "--pool", "images", "@square", "7"}).err.find("pool resume images") != std::string::npos);
    CHECK(daemon.run({"pool", end == std::string{"close"} ? "resume" : "open", "images"}).exit_code == 0);
    CHECK(daemon.run({"apply", "--pool", "images", "@square", "7"}).out == "49\n");
    require_workers_of(daemon, "images", 2);
  }
}

TEST_CASE("who joins a pool that is reopened is told that it runs again") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  const std::string id = daemon.submit({"--pool", "images", "--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  REQUIRE(daemon.run({"close", "images"}).exit_code == 0);
  Child joining = daemon.start({"join", "images"});
  REQUIRE(wait_until([&] { return daemon.status()["connections"] == 2; }));
  REQUIRE(daemon.run({"pool", "resume", "images"}).exit_code == 0);
  const Finished finished = joining.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("takes jobs") != std::string::npos);
  daemon.run({"cancel", id});
}
