// jobpool pool resize: another number of workers while jobs go on; 0 drains.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool resize brings workers and sends them away, and keeps to it after a restart") {
  Daemon daemon({.workers = 2});
  create_pool(daemon, {"images", "-j", "1"});
  CHECK(daemon.run({"pool", "resize", "images", "4"}).exit_code == 0);
  require_workers_of(daemon, "images", 4);
  CHECK(daemon.run({"pool", "resize", "images", "2"}).exit_code == 0);
  require_workers_of(daemon, "images", 2);
  CHECK(daemon.status()["workerRestarts"] == 0);
  daemon.stop();
  daemon.start_again();
  require_workers_of(daemon, "images", 2);
}

TEST_CASE("the default pool keeps to its last resize, until it is told to go by the configuration again") {
  Daemon daemon({.workers = 2});
  CHECK(daemon.run({"pool", "resize", "default", "3"}).exit_code == 0);
  require_workers_of(daemon, "default", 3);
  daemon.stop();
  daemon.start_again();
  require_workers_of(daemon, "default", 3);
  CHECK(daemon.run({"pool", "resize", "default", "auto"}).exit_code == 0);
  require_workers_of(daemon, "default", 2);
  create_pool(daemon, {"images", "-j", "1"});
  CHECK(daemon.run({"pool", "resize", "images", "auto"}).exit_code == 125);
}

TEST_CASE("a pool resized to 0 ends what runs, starts nothing, and goes on when it gets workers again") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "1"});
  const std::string running = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  const std::string queued = daemon.submit({"--pool", "images", "@square", "7"});
  CHECK(daemon.run({"pool", "resize", "images", "0"}).exit_code == 0);
  CHECK(pool_of(daemon, "images")["workerList"][0]["state"] == "leaving");
  gate.open();
  CHECK(daemon.run({"get", running}).exit_code == 0);
  REQUIRE(wait_until([&] { return pool_of(daemon, "images")["workers"] == 0; }));
  CHECK(daemon.job(queued)["state"] == "ready");
  CHECK(daemon.run({"pool", "resize", "images", "1"}).exit_code == 0);
  CHECK(daemon.run({"get", queued}).out == "49\n");
}
