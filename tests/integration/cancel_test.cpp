// jobpool cancel: stop jobs for good, with everything they started.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

TEST_CASE("cancel leaves nothing of a job's tree alive") {
  Daemon daemon;
  // In the group, out of the group, out of the session, and an orphan of each.
  const std::string id = daemon.submit({"--", "sh", "-c",
                                        "sleep 1001 & setsid sleep 1002 & (setsid sh -c 'sleep 1003 & sleep 1004 & exit' &) ; "
                                        "(sleep 1005 &) ; echo ready; wait; sleep 1006"});
  REQUIRE(wait_until([&] { return daemon.processes_of(id).size() == 6; }));
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  const std::vector<pid_t> left = daemon.processes_of(id);
  INFO(describe(left));
  CHECK(left.empty());
  CHECK(daemon.job(id)["outcome"] == "cancelled");
}

TEST_CASE("a job that will not hear TERM gets KILL after its grace") {
  Daemon daemon;
  Child client =
      daemon.start({"apply", "--grace", "200ms", "--", "sh", "-c", "trap '' TERM; echo $JOBPOOL_JOB_ID; while :; do sleep 1000; done"});
  const std::string id = client.read_line();
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "cancelled");
  const Finished finished = client.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("cancelled") != std::string::npos);
}

TEST_CASE("a job that tidies up within its grace is let") {
  Daemon daemon;
  Child client =
      daemon.start({"apply", "--", "sh", "-c", "trap 'echo tidy; exit 3' TERM; echo $JOBPOOL_JOB_ID; while :; do sleep 1000 & wait; done"});
  const std::string id = client.read_line();
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(client.finish().out == "tidy\n");
  CHECK(daemon.job(id)["outcome"] == "cancelled");
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("a job cancelled before its start never starts") {
  Daemon daemon({.workers = 1});
  const Ledger ledger(daemon.file("ledger"));
  const std::string first = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(first)["state"] == "running"; }));
  std::vector<std::string> words = ledger.command("never");
  words.insert(words.begin(), "--");
  const std::string never = daemon.submit(words);
  CHECK(daemon.run({"cancel", never}).exit_code == 0);
  CHECK(daemon.run({"cancel", first}).exit_code == 0);
  // The worker takes whatever was still offered before this one.
  CHECK(daemon.run({"apply", "@square", "2"}).out == "4\n");
  CHECK(ledger.read().empty());
  CHECK(daemon.job(never)["outcome"] == "cancelled");
  CHECK(daemon.job(never)["attempt"] == 0);
}

TEST_CASE("a cancelled job that ended first stays as it ended") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "true"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  daemon.run({"cancel", id});
  CHECK(daemon.job(id)["outcome"] == "succeeded");
  const Finished missing = daemon.run({"cancel", "4711"});
  CHECK(missing.exit_code == 125);
  CHECK(missing.err.find("4711") != std::string::npos);
}

TEST_CASE("many jobs are cancelled in one call") {
  Daemon daemon({.workers = 2});
  std::vector<std::string> words = {"cancel"};
  for (int count = 0; count < 6; ++count) words.push_back(daemon.submit({"--", "sleep", "1000"}));
  CHECK(daemon.run(words).exit_code == 0);
  const json pool = daemon.status()["pools"][0];
  CHECK(pool["done"] == 6);
  CHECK(pool["running"] == 0);
  CHECK(pool["ready"] == 0);
}

// One id that there is not made cancel stop nothing at all.
TEST_CASE("cancel of jobs that are there and of one that is not cancels the former and names the latter") {
  Daemon daemon({.workers = 2});
  const std::string one = daemon.submit({"--", "sleep", "1000"}), other = daemon.submit({"--", "sleep", "1000"});
  const Finished finished = daemon.run({"cancel", "--json", one, "4711", other, "4712"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("job 4711: no such job") != std::string::npos);
  CHECK(finished.err.find("job 4712: no such job") != std::string::npos);
  CHECK(json::parse(finished.out)["cancelled"].size() == 2);
  CHECK(daemon.job(one)["outcome"] == "cancelled");
  CHECK(daemon.job(other)["outcome"] == "cancelled");
  const Finished nobody = daemon.run({"cancel", "--json", "4711"});
  CHECK(nobody.exit_code == 125);
  CHECK(json::parse(nobody.out)["cancelled"].empty());
}
