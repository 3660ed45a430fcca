// jobpool close: no more jobs; those that are there are done, then the workers leave.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("close lets a pool do what it has, also delayed jobs and those that wait for others, and it takes no more") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "1"});
  const std::string running = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  const std::string queued = daemon.submit({"--pool", "images", "@square", "2"});
  const std::string delayed = daemon.submit({"--pool", "images", "--delay", "300ms", "@square", "3"});
  const std::string dependent = daemon.submit({"--pool", "images", "--after", delayed, "@square", "4"});
  CHECK(daemon.run({"close", "images"}).exit_code == 0);
  CHECK(pool_of(daemon, "images")["state"] == "closed");
  const Finished refused = daemon.run({"apply-async", "--pool", "images", "@square", "5"});
  CHECK(refused.exit_code == 125);
  CHECK(refused.err == "jobpool: pool 'images': takes no jobs: it is closed; reopen it with: jobpool pool resume images\n");
  CHECK(daemon.run({"apply", "@square", "6"}).out == "36\n");  // the other pool
  gate.open();
  CHECK(daemon.run({"join", "images"}).exit_code == 0);
  for (const std::string& id : {running, queued, delayed, dependent}) CHECK(daemon.job(id)["outcome"] == "succeeded");
  const json pool = pool_of(daemon, "images");
  CHECK(pool["state"] == "joined");
  CHECK(pool["workers"] == 0);
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("close without a name is the default pool's, twice is as once") {
  Daemon daemon({.workers = 1});
  CHECK(daemon.run({"close"}).exit_code == 0);
  CHECK(daemon.run({"close"}).exit_code == 0);
  CHECK(daemon.run({"apply", "@square", "7"}).exit_code == 125);
  CHECK(daemon.run({"close", "nowhere"}).exit_code == 125);
}

TEST_CASE("pool close is close") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  CHECK(daemon.run({"pool", "close", "images"}).exit_code == 0);
  CHECK(daemon.run({"apply", "--pool", "images", "@square", "7"}).exit_code == 125);
}
