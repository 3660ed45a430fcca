// How often a job runs and how long: retries, time limits, and jobs that take their workers with them.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/still.hpp"

using namespace jobpool::testing;

namespace {

std::vector<std::string> outcomes(const json& job) {
  std::vector<std::string> all;
  int number = 0;
  for (const json& attempt : job.value("attempts", json::array())) {
    CHECK(attempt["number"] == ++number);
    all.push_back(attempt.value("outcome", ""));
  }
  return all;
}

using Outcomes = std::vector<std::string>;

}  // namespace

TEST_CASE("a job that fails is tried again as often as was asked for, and every attempt is shown") {
  Daemon daemon({.workers = 1});
  const std::string file = daemon.file("tries");
  const std::string body = "echo try >>" + file + "; test $(wc -l <" + file + ") -ge 3 || exit 9; echo well";
  const std::string id = daemon.submit({"--retries", "5", "--backoff", "10ms", "--", "sh", "-c", body});
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 0);
  CHECK(got.out == "well\n");
  const json job = daemon.job(id);
  CHECK(job["attempt"] == 3);
  CHECK(outcomes(job) == Outcomes{"failed", "failed", "succeeded"});
  CHECK(job["attempts"][0]["exitCode"] == 9);
  // It doubles, and differs by a quarter.
  const auto pause = [&](std::size_t n) {
    return job["attempts"][n]["startedUSec"].get<std::int64_t>() - job["attempts"][n - 1]["endedUSec"].get<std::int64_t>();
  };
  CHECK(pause(1) >= 7'500);
  CHECK(pause(2) >= 15'000);
  const Finished shown = daemon.run({"show", id});
  CHECK(shown.out.find("failed 9") != std::string::npos);
}

TEST_CASE("a job that fails always ends with its last attempt") {
  Daemon daemon({.workers = 1});
  const std::string function = daemon.submit({"--retries", "2", "--backoff", "1ms", "@fail", "\"no\""});
  CHECK(daemon.run({"get", function}).exit_code == 1);
  CHECK(outcomes(daemon.job(function)) == Outcomes{"failed", "failed", "failed"});
  const std::string command = daemon.submit({"--retries", "1", "--backoff", "1ms", "--", "sh", "-c", "echo try; exit 4"});
  CHECK(daemon.run({"get", command}).exit_code == 4);
  CHECK(outcomes(daemon.job(command)) == Outcomes{"failed", "failed"});
}

TEST_CASE("each attempt of an applied command has its caller's streams, and the caller sees their end with the job's") {
  // The bug: the broker gave the descriptors up when the first attempt started, and cancelled the second for want of them.
  Daemon daemon({.workers = 1});
  const Finished applied = daemon.run({"apply", "--retries", "1", "--backoff", "1ms", "--", "sh", "-c", "echo try; exit 4"});
  CHECK(applied.exit_code == 4);
  CHECK(applied.out == "try\ntry\n");
}

TEST_CASE("a job that waits for its retry can be cancelled, and keeps what was") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--retries", "1", "--backoff", "1h", "--", "false"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "waiting"; }));
  CHECK(daemon.job(id)["waitingFor"] == "its retry");
  const json before = daemon.job(id);
  CHECK(outcomes(before) == Outcomes{"failed"});
  daemon.kill_everything();
  daemon.start_again();
  CHECK(still(daemon.job(id)) == still(before));
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "cancelled");
  CHECK(outcomes(daemon.job(id)) == Outcomes{"failed"});
}

TEST_CASE("a command that overruns its time is stopped with its tree: 124") {
  Daemon daemon({.workers = 2});
  const Finished applied = daemon.run({"apply", "--timeout", "300ms", "--", "sh", "-c", "setsid sleep 1001 & echo began; sleep 1002"});
  CHECK(applied.exit_code == 124);
  CHECK(applied.out == "began\n");
  CHECK(applied.err.find("its time of 300 ms was over") != std::string::npos);
  const std::string id = daemon.submit({"--timeout", "300ms", "--", "sh", "-c", "setsid sleep 1003 & sleep 1004"});
  CHECK(daemon.run({"get", id}).exit_code == 124);
  CHECK(daemon.job(id)["outcome"] == "timed_out");
  CHECK(daemon.processes_of(id).empty());
  CHECK(daemon.run({"apply", "--timeout", "1h", "--", "echo", "in time"}).out == "in time\n");
}

TEST_CASE("a command that ignores TERM is killed after its grace when its time is over") {
  Daemon daemon({.workers = 1});
  const std::string body = "trap '' TERM; echo began; while :; do sleep 1005; done";
  const std::string id = daemon.submit({"--timeout", "200ms", "--grace", "200ms", "--", "sh", "-c", body});
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 124);
  CHECK(got.out == "began\n");
  CHECK(daemon.processes_of(id).empty());
}

TEST_CASE("a function that overruns its time is stopped: by its leave, or with its worker") {
  Daemon daemon({.workers = 1});
  const Finished asked = daemon.run({"apply", "--timeout", "200ms", "@sleep", "1000"});
  CHECK(asked.exit_code == 124);
  // One that cannot hear it: its process stands still.
  const std::string deaf = daemon.submit({"--timeout", "2s", "--grace", "100ms", "@sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(deaf)["state"] == "running"; }));
  REQUIRE(signal_child(daemon.worker_pids().at(0), daemon.pid(), SIGSTOP));
  CHECK(daemon.run({"get", deaf}).exit_code == 124);
  CHECK(daemon.job(deaf)["outcome"] == "timed_out");
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
}

TEST_CASE("an attempt that timed out is tried again, with its whole time") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string id =
      daemon.submit({"--timeout", "1s", "--retries", "1", "--backoff", "1ms", "--", "sh", "-c", gate.wait() + "; echo $word"});
  REQUIRE(wait_until([&] { return outcomes(daemon.job(id)).size() == 2; }));
  gate.open("second");
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 0);
  CHECK(got.out == "second\n");
  CHECK(outcomes(daemon.job(id)) == Outcomes{"timed_out", "succeeded"});
}

TEST_CASE("a time limit is kept by the next broker") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--timeout", "1500ms", "--", "sleep", "1006"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  const pid_t broker = daemon.broker_pid();
  REQUIRE(signal_child(broker, daemon.pid(), SIGKILL));
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(daemon.run({"get", id}).exit_code == 124);
  const json job = daemon.job(id);
  CHECK(job["outcome"] == "timed_out");
  CHECK(job["endedUSec"].get<std::int64_t>() - job["startedUSec"].get<std::int64_t>() >= 1'400'000);
}

TEST_CASE("a job that took three workers along is poison, however many retries it has left") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--retries", "10", "--backoff", "1ms", "@crash"});
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 125);
  CHECK(got.err.find("third worker") != std::string::npos);
  const json job = daemon.job(id);
  CHECK(job["outcome"] == "poison");
  CHECK(outcomes(job) == Outcomes{"crashed", "crashed", "poison"});
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
}
