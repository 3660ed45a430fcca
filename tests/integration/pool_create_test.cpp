// jobpool pool create: pools of their own, and what their settings do to workers.
#include <signal.h>

#include <map>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool create makes a pool with workers of its own, a job sees its pool's name") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "3"});
  require_workers_of(daemon, "images", 3);
  CHECK(daemon.run({"apply", "--pool", "images", "@square", "7"}).out == "49\n");
  CHECK(daemon.run({"apply", "--pool", "images", "--", "sh", "-c", "echo $JOBPOOL_POOL"}).out == "images\n");
  CHECK(daemon.run({"apply", "--", "sh", "-c", "echo $JOBPOOL_POOL"}).out == "default\n");
  const std::string id = daemon.submit({"--pool", "images", "--", "sh", "-c", "echo $JOBPOOL_WORKER"});
  const std::string worker = daemon.run({"get", id}).out;
  CHECK(daemon.job(id)["pool"] == "images");
  std::set<std::string> numbers;
  const json pool = pool_of(daemon, "images");
  for (const json& one : pool["workerList"]) numbers.insert(one["number"].dump() + "\n");
  CHECK(numbers.contains(worker));
  CHECK(numbers.size() == 3);
}

TEST_CASE("pools do not wait for one another") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  const std::string slow = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(slow)["state"] == "running"; }));
  daemon.submit({"--", "true"});
  CHECK(daemon.run({"apply", "--pool", "images", "@square", "7"}).out == "49\n");
  CHECK(daemon.run({"cancel", "all"}).exit_code == 0);
}

TEST_CASE("pool create says what cannot be") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  const Finished again = daemon.run({"pool", "create", "images", "-j", "1"});
  CHECK(again.exit_code == 125);
  CHECK(again.err.find("there already") != std::string::npos);
  const Finished always = daemon.run({"pool", "create", "default", "-j", "1"});
  CHECK(always.exit_code == 125);
  CHECK(always.err.find("pool delete") == std::string::npos);  // nobody can delete it
  CHECK(daemon.run({"apply", "--pool", "other", "@square", "7"}).err.find("pool create") != std::string::npos);
}

TEST_CASE("an initializer runs in each fresh worker before its first job") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"translators", "-j", "2", "--init", "@learn", R"({"yes":"oui","no":"non"})"});
  for (int i = 0; i < 20; ++i) CHECK(daemon.run({"apply", "--pool", "translators", "@translate", "yes"}).out == "\"oui\"\n");
  CHECK(daemon.run({"apply", "@translate", "yes"}).exit_code == 1);  // workers of another pool know nothing
  require_workers_of(daemon, "translators", 2);
  for (const pid_t worker : pids_of(daemon, "translators")) ::kill(worker, SIGKILL);
  CHECK(daemon.run({"apply", "--pool", "translators", "@translate", "no"}).out == "\"non\"\n");
}

TEST_CASE("an initializer that fails is seen, and tried again later and later, not as fast as can be") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"broken", "-j", "4", "--init", "@fail", "no such model", "ModelError"});
  REQUIRE(wait_until([&] { return pool_of(daemon, "broken").value("setupFailures", 0) >= 5; }));
  CHECK(pool_of(daemon, "broken")["setupError"] == "ModelError: no such model");
  CHECK(daemon.run({"pool", "show", "broken"}).out.find("ModelError: no such model") != std::string::npos);
  CHECK(pool_of(daemon, "broken")["setupFailures"] < 20);
  const std::string waiting = daemon.submit({"--pool", "broken", "@square", "2"});
  CHECK(daemon.run({"apply", "@square", "7"}).out == "49\n");
  CHECK(daemon.run({"terminate", "broken"}).exit_code == 0);
  CHECK(daemon.run({"join", "broken"}).exit_code == 0);
  CHECK(daemon.job(waiting)["outcome"] == "cancelled");
}

TEST_CASE("a worker is replaced after its number of jobs") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"short", "-j", "1", "--max-tasks-per-worker", "10"});
  require_workers_of(daemon, "short", 1);
  std::map<std::string, int> jobs;
  for (int i = 0; i < 50; ++i) {
    const std::string id = daemon.submit({"--ephemeral", "--pool", "short", "@square", std::to_string(i)});
    REQUIRE(daemon.run({"wait", id}).exit_code == 0);
    ++jobs[daemon.job(id)["pid"].dump()];
  }
  CHECK(jobs.size() >= 5);
  for (const auto& [pid, count] : jobs) CHECK(count <= 11);
  CHECK(daemon.status()["workerRestarts"] == 0);  // none of them was a misfortune
}

// Under AddressSanitizer an allocation that is refused ends the process.
#if !defined(JOBPOOL_ASAN)
TEST_CASE("what a job allocates beyond the pool's memory limit costs that job alone") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"small", "-j", "1", "--memory", "64M"});
  CHECK(daemon.run({"apply", "--pool", "small", "@square", "7"}).out == "49\n");
  const Finished refused = daemon.run({"apply", "--pool", "small", "@allocate", "500000000"});
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.find("bad_alloc") != std::string::npos);
  CHECK(daemon.run({"apply", "@allocate", "500000000"}).exit_code == 0);
  CHECK(daemon.run({"apply", "--pool", "small", "@square", "7"}).out == "49\n");
}

#endif

TEST_CASE("workers above the minimum leave when there is nothing to do, and come back on demand") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"elastic", "-j", "3", "--min", "0", "--idle-time", "300ms"});
  CHECK(pool_of(daemon, "elastic")["workers"] == 0);
  std::vector<std::string> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(daemon.submit({"--pool", "elastic", "--", "sleep", "1000"}));
  REQUIRE(wait_until([&] { return pool_of(daemon, "elastic")["running"] == 3; }));
  for (const std::string& id : jobs) CHECK(daemon.run({"cancel", id}).exit_code == 0);
  REQUIRE(wait_until([&] { return pool_of(daemon, "elastic")["workers"] == 0; }));
  CHECK(daemon.run({"apply", "--pool", "elastic", "@square", "7"}).out == "49\n");
}

TEST_CASE("pools, their settings and their states survive a restart, a dead broker and a reload") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "2", "--min", "1", "--max-tasks-per-worker", "1000", "--memory", "256M", "--init", "@noop"});
  create_pool(daemon, {"shut", "-j", "1"});
  REQUIRE(daemon.run({"close", "shut"}).exit_code == 0);
  REQUIRE(daemon.run({"join", "shut"}).exit_code == 0);  // else its worker may be leaving still, and the pool be closed only
  REQUIRE(daemon.run({"pool", "pause", "images"}).exit_code == 0);
  const std::string id = daemon.submit({"--pool", "images", "@square", "7"});
  const auto settings = [&] {
    const json pool = pool_of(daemon, "images");
    return json{pool["state"], pool["size"], pool["min"], pool["maxTasksPerWorker"], pool["memoryBytes"], pool["initializer"]};
  };
  const json before = settings();
  CHECK(before == json{"paused", 2, 1, 1000, 268'435'456, "noop"});
  SECTION("restart") {
    daemon.stop();
    daemon.start_again();
  }
  SECTION("the death of everything") {
    daemon.kill_everything();
    daemon.start_again();
  }
  SECTION("a dead broker") {
    const pid_t broker = daemon.broker_pid();
    ::kill(broker, SIGKILL);
    REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  }
  SECTION("a reload") { REQUIRE(daemon.run({"reload", "--wait"}).exit_code == 0); }
  CHECK(settings() == before);
  CHECK(pool_of(daemon, "shut")["state"] == "joined");
  CHECK(daemon.job(id)["state"] == "waiting");
  REQUIRE(daemon.run({"pool", "resume", "images"}).exit_code == 0);
  CHECK(daemon.run({"get", id}).out == "49\n");
}

TEST_CASE("running jobs of several pools do not notice the death of their broker") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "1"});
  Child first = daemon.start({"apply", "--pool", "images", "--", "sh", "-c", "echo $JOBPOOL_POOL; " + gate.wait()});
  REQUIRE(first.read_line() == "images");
  Child second = daemon.start({"apply", "--", "sh", "-c", "echo $JOBPOOL_POOL; " + gate.wait()});
  REQUIRE(second.read_line() == "default");
  const auto workers = pids_of(daemon, "images");
  const pid_t broker = daemon.broker_pid();
  ::kill(broker, SIGKILL);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  CHECK(pids_of(daemon, "images") == workers);
  CHECK(pool_of(daemon, "images")["running"] == 1);
  CHECK(pool_of(daemon, "default")["running"] == 1);
  gate.open();
  gate.open();
  CHECK(first.finish().exit_code == 0);
  CHECK(second.finish().exit_code == 0);
}
