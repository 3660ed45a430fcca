// jobpool shutdown: end the daemon, gently or at once.

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

TEST_CASE("shutdown lets running jobs finish, cancels the rest and takes nothing new") {
  Daemon daemon({.workers = 1, .drain = 60s});
  const Gate gate(daemon.file("gate"));
  Child running = daemon.start({"apply", "--", "sh", "-c", "echo ready; " + gate.wait() + "; exit 5"});
  CHECK(running.read_line() == "ready");
  Child queued = daemon.start({"apply", "--", "true"});
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["ready"] == 1; }));
  VarlinkClient early = daemon.connect();
  early.call("org.jobpool.Pool.Hello");

  Child shutdown = daemon.start({"shutdown"});  // returns when the daemon has gone
  const Finished cancelled = queued.finish();
  CHECK(cancelled.exit_code == 125);
  CHECK(cancelled.err.find("cancelled") != std::string::npos);
  const json refused = early.reply_to("org.jobpool.Pool.ApplyAsync", {{"job", {{"function", "square"}, {"arguments", "[1]"}}}});
  CHECK(refused["error"] == "org.jobpool.Pool.PoolNotRunning");
  CHECK_FALSE(running.has_ended());
  const json status = early.call("org.jobpool.Pool.Status");
  CHECK(status["draining"] == true);
  CHECK(status["pools"][0]["state"] == "running");

  gate.open();
  CHECK(running.finish().exit_code == 5);
  CHECK(shutdown.finish().exit_code == 0);
  CHECK(daemon.wait_for_exit() == 0);
  CHECK(daemon.survivors().empty());
}

TEST_CASE("shutdown --now stops what runs") {
  Daemon daemon;
  Child running = daemon.start({"apply", "--", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1000; done"});
  CHECK(running.read_line() == "ready");
  CHECK(daemon.run({"shutdown", "--now"}).exit_code == 0);
  CHECK(running.finish().exit_code == 125);
  CHECK(daemon.wait_for_exit() == 0);
  const std::vector<pid_t> left = daemon.survivors();
  INFO(describe(left));
  CHECK(left.empty());
}

TEST_CASE("a daemon that was shut down can be started again in its place") {
  Daemon daemon;
  const json instance = daemon.hello()["instance"];
  CHECK(daemon.run({"shutdown"}).exit_code == 0);
  CHECK(daemon.wait_for_exit() == 0);
  daemon.start_again();
  CHECK(daemon.hello()["instance"] != instance);
  CHECK(daemon.run({"apply", "@square", "4"}).out == "16\n");
}
