// jobpool join: waits until a closed or terminated pool's workers have left.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pools.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

TEST_CASE("join before close is an error that says what to do, after it, it waits for the last job and the last worker") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "2"});
  require_workers_of(daemon, "images", 2);
  const Finished early = daemon.run({"join", "images"});
  CHECK(early.exit_code == 125);
  CHECK(early.err.find("jobpool close images") != std::string::npos);
  const std::string id = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  const auto workers = pids_of(daemon, "images");
  REQUIRE(daemon.run({"close", "images"}).exit_code == 0);
  const Finished late = daemon.run({"join", "images", "--timeout", "50ms"});
  CHECK(late.exit_code == 124);
  CHECK(late.err.find("it goes on") != std::string::npos);
  Child joining = daemon.start({"join", "images"});
  REQUIRE(wait_until([&] { return daemon.status()["connections"] == 2; }));
  CHECK_FALSE(joining.has_ended());
  gate.open();
  CHECK(joining.finish().exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "succeeded");
  for (const pid_t worker : workers) CHECK_FALSE(is_alive(worker));
  CHECK(daemon.run({"join", "images"}).exit_code == 0);
}

TEST_CASE("a join outlives its broker") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "1"});
  const std::string id = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  REQUIRE(daemon.run({"close", "images"}).exit_code == 0);
  Child joining = daemon.start({"join", "images"});
  REQUIRE(wait_until([&] { return daemon.status()["connections"] == 2; }));
  const pid_t broker = daemon.broker_pid();
  ::kill(broker, SIGKILL);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  CHECK_FALSE(joining.has_ended());
  gate.open();
  CHECK(joining.finish().exit_code == 0);
}

TEST_CASE("pool join is join") {
  Daemon daemon({.workers = 1});
  CHECK(daemon.run({"pool", "join"}).exit_code == 125);
  REQUIRE(daemon.run({"close"}).exit_code == 0);
  CHECK(daemon.run({"pool", "join"}).exit_code == 0);
  CHECK(daemon.status()["pools"][0]["state"] == "joined");
}
