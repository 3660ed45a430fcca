// Pools whose workers run functions in threads: side by side, across the deaths of their neighbours, of the broker and of the program.
#include <signal.h>

#include <fstream>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

void require_running(const Daemon& daemon, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
}

// So many of `@sleep 1000`, each in a thread.
std::vector<std::string> sleepers(const Daemon& daemon, int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back(daemon.submit({"--pool", "threads", "--grace", "100ms", "@sleep", "1000"}));
  require_running(daemon, ids);
  return ids;
}

}  // namespace

TEST_CASE("a pool with threads runs as many functions in a worker, and says so") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "3"});
  require_workers_of(daemon, "threads", 1);
  CHECK(daemon.run({"apply", "--pool", "threads", "@square", "7"}).out == "49\n");
  const auto ids = sleepers(daemon, 3);
  const json pool = pool_of(daemon, "threads");
  CHECK(pool["threads"] == 3);
  CHECK(pool["running"] == 3);
  REQUIRE(pool["workerList"].size() == 1);
  CHECK(pool["workerList"][0]["jobs"].size() == 3);
  CHECK(daemon.run({"pool", "show", "threads"}).out.find("threads       3 in each worker") != std::string::npos);
  const std::string fourth = daemon.submit({"--pool", "threads", "@square", "2"});
  CHECK(daemon.job(fourth)["state"] == "ready");
  CHECK(daemon.run({"cancel", ids[1]}).exit_code == 0);  // heard by that thread alone, which makes room
  CHECK(daemon.run({"get", fourth}).out == "4\n");
  CHECK(daemon.job(ids[0])["state"] == "running");
  CHECK(daemon.job(ids[1])["outcome"] == "cancelled");
  CHECK(daemon.run({"cancel", "all"}).exit_code == 0);
}

TEST_CASE("what threads cannot be is refused, with the remedy") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "2"});
  for (const char* verb : {"apply", "apply-async"}) {
    const Finished command = daemon.run({verb, "--pool", "threads", "--", "true"});
    CHECK(command.exit_code == 125);
    CHECK(command.err.find("commands need a pool without --threads") != std::string::npos);
  }
  CHECK(daemon.run({"pool", "create", "many", "--threads", "9"}).exit_code == 2);
  CHECK(daemon.run({"pool", "create", "none", "--threads", "0"}).exit_code == 2);
}

TEST_CASE("a crash costs the jobs in its worker, and no others, and the offered ones run in the next worker") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "2", "--threads", "3"});
  require_workers_of(daemon, "threads", 2);
  const auto ids = sleepers(daemon, 5);
  const std::string crash = daemon.submit({"--pool", "threads", "@crash"});
  const std::string waiting = daemon.submit({"--pool", "threads", "@square", "3"});
  REQUIRE(wait_until([&] { return daemon.job(crash)["state"] == "done"; }));
  CHECK(daemon.job(crash)["outcome"] == "interrupted");
  CHECK(daemon.job(crash)["reason"].get<std::string>().find("and 2 more in other threads") != std::string::npos);
  int interrupted = 0;
  for (const std::string& id : ids) {
    const json job = daemon.job(id);
    interrupted += job["state"] == "done";
    if (job["state"] == "done") CHECK(job["outcome"] == "interrupted");
  }
  CHECK(interrupted == 2);
  CHECK(daemon.run({"get", waiting}).out == "9\n");
  CHECK(daemon.run({"cancel", "all"}).exit_code == 0);
}

TEST_CASE("a function that does not stop is ended with its worker, and its neighbour is tried again where that was asked for, alone") {
  Daemon daemon({.workers = 1, .arguments = {"--plugin-dir", HOSTILE_PLUGIN_DIR}});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "2"});
  require_workers_of(daemon, "threads", 1);
  const std::string deaf = daemon.submit({"--pool", "threads", "--grace", "50ms", "@deaf", "1000"});
  const std::string other = daemon.submit({"--pool", "threads", "--retries", "1", "@sleep", "0.5"});
  require_running(daemon, {deaf, other});
  CHECK(daemon.run({"cancel", deaf}).exit_code == 0);
  REQUIRE(wait_until([&] { return daemon.job(other)["state"] == "done"; }));
  CHECK(daemon.job(deaf)["outcome"] == "cancelled");
  const json job = daemon.job(other);
  CHECK(job["outcome"] == "succeeded");
  CHECK(job["attempt"] == 2);
}

TEST_CASE("a function that ends its thread costs what a crash does") {
  Daemon daemon({.workers = 1, .arguments = {"--plugin-dir", HOSTILE_PLUGIN_DIR}});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "2"});
  require_workers_of(daemon, "threads", 1);
  const auto ids = sleepers(daemon, 1);
  const std::string ending = daemon.submit({"--pool", "threads", "@end_thread"});
  for (const std::string& id : {ids[0], ending}) {
    REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "done"; }));
    CHECK(daemon.job(id)["outcome"] == "interrupted");
  }
  CHECK(daemon.run({"apply", "--pool", "threads", "@square", "7"}).out == "49\n");
}

TEST_CASE("threads outlive their broker, and a reload replaces their workers with as many threads") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "3"});
  require_workers_of(daemon, "threads", 1);
  const auto ids = sleepers(daemon, 3);
  const pid_t broker = daemon.broker_pid(), worker = pids_of(daemon, "threads").at(0);
  ::kill(broker, SIGKILL);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  require_running(daemon, ids);
  CHECK(pids_of(daemon, "threads").at(0) == worker);
  for (const std::string& id : ids) CHECK(daemon.run({"cancel", id}).exit_code == 0);
  for (const std::string& id : ids) REQUIRE(wait_until([&] { return daemon.job(id)["outcome"] == "cancelled"; }));
  CHECK(pids_of(daemon, "threads").at(0) == worker);  // each thread heard the new broker's order
  CHECK(daemon.run({"reload", "--wait"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    const auto pids = pids_of(daemon, "threads");
    return pids.size() == 1 && pids.front() != worker;
  }));
  sleepers(daemon, 3);
  CHECK(daemon.run({"cancel", "all"}).exit_code == 0);
}

TEST_CASE("a pool's threads, number of jobs for a worker, and initializer survive the daemon") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "2", "--max-tasks-per-worker", "10", "--init", "@learn", R"({"yes":"oui"})"});
  daemon.stop();
  daemon.start_again();
  require_workers_of(daemon, "threads", 1);
  CHECK(pool_of(daemon, "threads")["threads"] == 2);
  std::set<pid_t> workers;
  for (int i = 0; i < 30; ++i) {
    CHECK(daemon.run({"apply", "--pool", "threads", "@translate", "yes"}).out == "\"oui\"\n");
    for (const pid_t pid : pids_of(daemon, "threads")) workers.insert(pid);
  }
  CHECK(workers.size() >= 3);
}

TEST_CASE("workers of three threads killed at random cost started jobs alone, and each job has one outcome") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "2", "--threads", "3"});
  const int jobs = of_size(2'000, 20'000), kills = of_size(30, 300);
  std::string items;
  for (int i = 0; i < jobs; ++i) items += std::to_string(i) + "\n";
  // Each item a job of its own, tried again as often as it takes: what was started and lost is run again, nothing else is.
  Child mapping = daemon.start({"map", "--pool", "threads", "-n", "1", "-k", "--retries", "1000", "@square", "::::", [&] {
                                  std::ofstream(daemon.file("items")) << items;
                                  return daemon.file("items");
                                }()});
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    const auto pids = pids_of(daemon, "threads");
    if (!pids.empty() && ::kill(pids[static_cast<std::size_t>(i) % pids.size()], SIGKILL) == 0) ++killed;
  }
  const Finished finished = mapping.finish();
  INFO(finished.err);
  std::string expected;
  for (long i = 0; i < jobs; ++i) expected += std::to_string(i * i) + "\n";
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == expected);
  CHECK(killed > 0);
  CHECK(daemon.status()["rescuedWakeups"] == 0);
}

TEST_CASE("ThreadPool and map through threads give the same") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"threads", "-j", "1", "--threads", "4"});
  require_workers_of(daemon, "threads", 1);
  std::vector<std::string> words{"map", "--pool", "threads", "@square", ":::"};
  for (int i = 1; i <= 100; ++i) words.push_back(std::to_string(i));
  const Finished python = run({.argv = {"python3", "-c",
                                        "from multiprocessing.pool import ThreadPool\n"
                                        "with ThreadPool(4) as pool:\n"
                                        "  for x in pool.map(lambda x: x * x, range(1, 101)): print(x)\n"}});
  REQUIRE(python.exit_code == 0);
  CHECK(daemon.run(words).out == python.out);
  // Its rule for chunks goes by threads: four for each of four of them.
  CHECK(pool_of(daemon, "threads")["done"] == 15);
}
