// jobpool stats: what the daemon has done, in numbers.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

namespace {

json stats(const Daemon& daemon) {
  const Finished finished = daemon.run({"stats", "--json"});
  CHECK(finished.exit_code == 0);
  json all = json::parse(finished.out, nullptr, false);
  REQUIRE(all.is_object());
  return all;
}

}  // namespace

TEST_CASE("stats count jobs by what became of them, with the times they took, for each pool and for all") {
  Daemon daemon({.workers = 2});
  CHECK(daemon.run({"pool", "create", "images", "-j", "1"}).exit_code == 0);
  const std::string well = daemon.submit({"@square", "7"}), badly = daemon.submit({"--", "false"});
  const std::string image = daemon.submit({"--pool", "images", "--retries", "1", "--backoff", "1ms", "--", "false"});
  const std::string late = daemon.submit({"--timeout", "50ms", "--grace", "0", "--", "sleep", "1000"});
  const std::string never = daemon.submit({"--delay", "1h", "--", "true"});
  REQUIRE(daemon.run({"wait", well, badly, image, late}).exit_code == 0);
  CHECK(daemon.run({"cancel", never}).exit_code == 0);
  const json all = stats(daemon);
  const json &pool = all["pools"][0], &images = all["pools"][1];
  CHECK(pool["name"] == "default");
  CHECK(pool["accepted"] == 4);
  CHECK(pool["started"] == 3);
  CHECK(pool["succeeded"] == 1);
  CHECK(pool["failed"] == 1);
  CHECK(pool["timedOut"] == 1);
  CHECK(pool["cancelled"] == 1);
  CHECK(pool["running"]["count"] == 3);
  CHECK(pool["running"]["maxUSec"] >= 50'000);
  CHECK(pool["running"]["p50USec"] <= pool["running"]["p99USec"]);
  CHECK(images["name"] == "images");
  CHECK(images["retried"] == 1);
  CHECK(images["started"] == 2);
  CHECK(images["running"]["count"] == 2);
  CHECK(all["total"]["accepted"] == 5);
  CHECK(all["total"]["failed"] == 2);
  CHECK(all["rescuedWakeups"] == 0);
  CHECK(wait_until([&] { return stats(daemon)["total"]["recentEnded"] == 5; }));

  const Finished shown = daemon.run({"stats"});
  CHECK(shown.exit_code == 0);
  for (const char* word : {"default", "images", "all pools", "accepted", "timed_out", "in/s", "p99"}) {
    INFO(word << " in " << shown.out);
    CHECK(shown.out.find(word) != std::string::npos);
  }
  CHECK(daemon.run({"stats", "default"}).exit_code == 2);
}

TEST_CASE("a new broker counts anew and says since when, restarts are the daemon's") {
  Daemon daemon;
  REQUIRE(daemon.run({"apply", "@square", "7"}).exit_code == 0);
  const json before = stats(daemon);
  CHECK(before["total"]["succeeded"] == 1);
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  const json after = stats(daemon);
  CHECK(after["total"]["succeeded"] == 0);
  CHECK(after["brokerRestarts"] == 1);
  CHECK(after["sinceUSec"] > before["sinceUSec"]);
}
