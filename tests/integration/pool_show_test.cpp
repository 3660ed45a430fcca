// jobpool pool show: a pool's settings, counts, and each of its workers.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool show tells what each worker does, and how many jobs it has done") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "2", "--max-tasks-per-worker", "1000"});
  require_workers_of(daemon, "images", 2);
  for (int i = 0; i < 3; ++i) REQUIRE(daemon.run({"apply", "--pool", "images", "@square", "2"}).exit_code == 0);
  const std::string id = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  const json pool = pool_of(daemon, "images");
  CHECK(pool["state"] == "running");
  CHECK(pool["size"] == 2);
  CHECK(pool["maxTasksPerWorker"] == 1000);
  CHECK(pool["done"] == 3);
  CHECK(pool["running"] == 1);
  REQUIRE(pool["workerList"].size() == 2);
  int tasks = 0, busy = 0;
  for (const json& worker : pool["workerList"]) {
    tasks += worker["tasks"].get<int>();
    if (worker["state"] != "running") continue;
    ++busy;
    CHECK(worker["job"].dump() == id);
  }
  CHECK(tasks == 3);
  CHECK(busy == 1);
  const Finished text = daemon.run({"pool", "show", "images"});
  for (const char* word : {"pool images", "2 of 2", "1000 for each worker", "idle", "running"})
    CHECK(text.out.find(word) != std::string::npos);
  gate.open();
  CHECK(daemon.run({"wait", id}).exit_code == 0);
  CHECK(daemon.run({"pool", "show"}).out.find("pool default") == 0);
  CHECK(daemon.run({"pool", "show", "nowhere"}).exit_code == 125);
}
