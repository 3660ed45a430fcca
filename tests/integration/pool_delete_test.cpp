// jobpool pool delete: removes a pool that is closed and joined.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool delete removes a pool that is joined, its ended jobs can be collected still, and its name is free") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  const std::string id = daemon.submit({"--pool", "images", "@square", "7"});
  const Finished early = daemon.run({"pool", "delete", "images"});
  CHECK(early.exit_code == 125);
  CHECK(early.err.find("jobpool close images") != std::string::npos);
  REQUIRE(daemon.run({"close", "images"}).exit_code == 0);
  REQUIRE(daemon.run({"join", "images"}).exit_code == 0);
  CHECK(daemon.run({"pool", "delete", "images"}).exit_code == 0);
  CHECK(daemon.run({"pool", "show", "images"}).exit_code == 125);
  CHECK(daemon.status()["pools"].size() == 1);

  daemon.stop();
  daemon.start_again();
  CHECK(daemon.job(id)["pool"] == "images");
  CHECK(daemon.run({"get", id}).out == "49\n");
  CHECK(daemon.status()["pools"].size() == 1);
  create_pool(daemon, {"images", "-j", "1"});
  CHECK(daemon.run({"apply", "--pool", "images", "@square", "8"}).out == "64\n");
  CHECK(daemon.job(id)["pool"] == "images");
}

TEST_CASE("the default pool is for ever") {
  Daemon daemon({.workers = 1});
  REQUIRE(daemon.run({"close"}).exit_code == 0);
  REQUIRE(daemon.run({"join"}).exit_code == 0);
  const Finished refused = daemon.run({"pool", "delete", "default"});
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("always there") != std::string::npos);
}
