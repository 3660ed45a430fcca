// jobpool pool pause: nothing of a pool starts any more; what runs goes on.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool pause lets nothing start, and the pool's jobs are shown as waiting, with the reason") {
  Daemon daemon({.workers = 2});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  create_pool(daemon, {"images", "-j", "2"});
  const std::string running = daemon.submit({"--pool", "images", "--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  CHECK(daemon.run({"pool", "pause", "images"}).exit_code == 0);
  std::vector<std::string> words = ledger.command("held");
  words.insert(words.begin(), {"--pool", "images", "--"});
  const std::string held = daemon.submit(words);
  CHECK(daemon.job(held)["state"] == "waiting");
  CHECK(daemon.job(held)["waitingFor"] == "its pool, which is paused");
  CHECK(json::parse(daemon.run({"list", "--state", "waiting", "--json"}).out)["id"].dump() == held);
  CHECK(daemon.status()["pools"][1]["state"] == "paused");
  CHECK(daemon.status()["pools"][1]["waiting"] == 1);
  gate.open();
  CHECK(daemon.run({"get", running}).exit_code == 0);
  // Other pools do not notice; by then the pool's idle workers had all the time to take it.
  CHECK(daemon.run({"apply", "@square", "7"}).out == "49\n");
  CHECK(ledger.read().empty());
  CHECK(daemon.run({"pool", "resume", "images"}).exit_code == 0);
  CHECK(daemon.run({"get", held}).exit_code == 0);
  CHECK(ledger.read().at("held").starts == 1);
}

TEST_CASE("a job of a paused pool can be cancelled") {
  Daemon daemon({.workers = 1});
  CHECK(daemon.run({"pool", "pause"}).exit_code == 0);
  const std::string id = daemon.submit({"@square", "7"});
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "cancelled");
}
