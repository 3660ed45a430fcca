// jobpool reload to programs that lay out shared memory otherwise: what runs ends first, and nothing is lost.
#include <signal.h>

#include "tests/integration/installation.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

namespace {

// Says of workers that it cannot read their memory, and is the real one else.
const std::string kOtherLayout = R"(case "$*" in *--check-config*) grep -q '^worker ' /dev/fd/3 && exit 80;; esac
exec "$JOBPOOLD" "$@")";

bool waits_for(const Daemon& daemon, int workers) {
  const json status = daemon.status();
  return status.contains("workersRetiring") && status["workersRetiring"] == workers;
}

}  // namespace

TEST_CASE("a reload to another layout waits for what runs, tells so, and what is queued is the new programs'") {
  const Installation installed;
  Daemon daemon(installed.options(2));
  daemon.require_workers(2);
  const Gate gate(daemon.file("gate"));
  const Ledger ledger(daemon.file("ledger"));
  const std::string running = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo through; exit 4"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  const auto before = daemon.worker_pids();
  installed.install(kOtherLayout);
  Child reload = daemon.start({"reload", "--wait"});
  // The idle one leaves at once, and no other comes.
  REQUIRE(wait_until([&] { return waits_for(daemon, 1) && daemon.worker_pids().size() == 1; }));
  CHECK(daemon.run({"status"}).out.find("a reload waits until 1 worker has done what it has") != std::string::npos);
  std::vector<std::string> submit = {"--"};
  const auto command = ledger.command("queued");
  submit.insert(submit.end(), command.begin(), command.end());
  const std::string queued = daemon.submit(submit);
  Child applied = daemon.start({"apply", "@square", "7"});
  CHECK(daemon.job(queued)["state"] == "ready");
  CHECK(daemon.status()["reloads"] == 0);
  CHECK_FALSE(reload.has_ended());

  gate.open();
  const Finished reloaded = reload.finish();
  CHECK(reloaded.exit_code == 0);
  CHECK(daemon.status()["reloads"] == 1);
  const Finished got = daemon.run({"get", running});
  CHECK(got.exit_code == 4);
  CHECK(got.out == "through\n");
  CHECK(daemon.run({"get", queued}).exit_code == 0);
  CHECK(applied.finish().out == "49\n");
  const auto entries = ledger.read();
  CHECK(entries.at("queued").starts == 1);
  CHECK(entries.at("queued").ends == 1);
  CHECK(daemon.job(running)["attempt"] == 1);
  CHECK_FALSE(daemon.status().contains("workersRetiring"));
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("a broker that is killed while a reload waits for workers costs nothing, and the reload is still to come") {
  const Installation installed;
  Daemon daemon(installed.options());
  const Gate gate(daemon.file("gate"));
  const std::string running = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo through"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  installed.install(kOtherLayout);
  REQUIRE(::kill(daemon.pid(), SIGHUP) == 0);
  REQUIRE(wait_until([&] { return waits_for(daemon, 1); }));
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(wait_until([&] { return waits_for(daemon, 1); }));
  CHECK(daemon.job(running)["state"] == "running");
  const std::string queued = daemon.submit({"@square", "3"});
  gate.open();
  CHECK(daemon.run({"get", queued}).out == "9\n");
  CHECK(daemon.run({"get", running}).out == "through\n");
  CHECK(daemon.status()["reloads"] == 1);
}

TEST_CASE("a stop ends a daemon whose reload waits for workers") {
  const Installation installed;
  Daemon daemon(installed.options());
  daemon.submit({"--ephemeral", "@sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["running"] == 1; }));
  installed.install(kOtherLayout);
  Child reload = daemon.start({"reload", "--wait"});
  REQUIRE(wait_until([&] { return waits_for(daemon, 1); }));
  CHECK(daemon.run({"shutdown", "--now"}).exit_code == 0);
  CHECK(daemon.wait_for_exit() == 0);
  CHECK(reload.finish().exit_code == 125);
}
