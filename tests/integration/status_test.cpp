// jobpool status: the counts of the pool.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("status counts the three states and the end") {
  Daemon daemon({.workers = 2});
  const std::string ended = daemon.submit({"--", "true"});
  REQUIRE(daemon.run({"wait", ended}).exit_code == 0);
  for (int count = 0; count < 5; ++count) daemon.submit({"--", "sleep", "1000"});

  const auto pool = [&] {
    const Finished finished = daemon.run({"status", "--json"});
    CHECK(finished.exit_code == 0);
    const json status = json::parse(finished.out, nullptr, false);
    REQUIRE(status.is_object());
    return status["pools"][0];
  };
  CHECK(wait_until([&] { return pool()["running"] == 2; }));
  const json now = pool();
  CHECK(now["name"] == "default");
  CHECK(now["state"] == "running");
  CHECK(now["workers"] == 2);
  CHECK(now["workersRunning"] == 2);
  CHECK(now["workersIdle"] == 0);
  CHECK(now["ready"] == 3);
  CHECK(now["waiting"] == 0);
  CHECK(now["done"] == 1);
  const json job = daemon.job(ended);
  for (const char* time : {"readyTimeUSec", "runningTimeUSec", "waitingTimeUSec"}) CHECK(now[time] == job[time]);  // of one it is the mean
}

TEST_CASE("status for people names the pool and its states") {
  Daemon daemon;
  const Finished finished = daemon.run({"status"});
  CHECK(finished.exit_code == 0);
  for (const char* word : {"default", "ready", "running", "waiting", "done", "ready for", "ran", "waited"}) {
    INFO(word);
    CHECK(finished.out.find(word) != std::string::npos);
  }
}
