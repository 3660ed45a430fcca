// jobpool show: everything known of one job.
#include <signal.h>

#include <cstdint>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

TEST_CASE("show tells a job's history with its times") {
  Daemon daemon;
  const std::string id = daemon.submit({"--name", "greeting", "--", "echo", "hi"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const Finished finished = daemon.run({"show", "--json", id});
  CHECK(finished.exit_code == 0);
  const json job = json::parse(finished.out, nullptr, false);
  REQUIRE(job.is_object());
  CHECK(job["id"] == std::stoull(id));
  CHECK(job["name"] == "greeting");
  CHECK(job["pool"] == "default");
  CHECK(job["description"] == "echo hi");
  CHECK(job["state"] == "done");
  CHECK(job["outcome"] == "succeeded");
  CHECK(job["exitCode"] == 0);
  CHECK(job["attempt"] == 1);
  CHECK(job["submittedUSec"] <= job["startedUSec"]);
  CHECK(job["startedUSec"] <= job["endedUSec"]);
  CHECK(job["maxRssBytes"] > 0);
}

TEST_CASE("show of a running command names its process") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sleep", "1000"});
  // It runs from its claim on; its pid is known a moment later, when it has been started.
  REQUIRE(wait_until([&] { return daemon.job(id).contains("pid"); }));
  const json job = daemon.job(id);
  CHECK(job["state"] == "running");
  CHECK(job["pid"] > 0);
  CHECK(job["worker"] >= 1);
  CHECK_FALSE(job.contains("endedUSec"));
}

TEST_CASE("show for people says what and how it ended, and names a job that is not there") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "false"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const Finished finished = daemon.run({"show", id});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("failed") != std::string::npos);
  CHECK(finished.out.find("false") != std::string::npos);
  const Finished missing = daemon.run({"show", "4711"});
  CHECK(missing.exit_code == 125);
  CHECK(missing.err.find("4711") != std::string::npos);
}

namespace {

std::int64_t sum_of_times(const json& job) {
  return job["readyTimeUSec"].get<std::int64_t>() + job["runningTimeUSec"].get<std::int64_t>() + job["waitingTimeUSec"].get<std::int64_t>();
}

std::vector<std::string> states(const json& job) {
  std::vector<std::string> all;
  for (const json& period : job["history"]) all.push_back(period["state"]);
  return all;
}

using States = std::vector<std::string>;

}  // namespace

TEST_CASE("show tells how long a job was ready, waited and ran, and when, and list tells the sums") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--delay", "50ms", "--retries", "1", "--backoff", "20ms", "--", "false"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const json job = daemon.job(id);
  CHECK(states(job) == States{"waiting", "ready", "running", "waiting", "ready", "running", "done"});
  CHECK(sum_of_times(job) == job["endedUSec"].get<std::int64_t>() - job["submittedUSec"].get<std::int64_t>());
  CHECK(job["waitingTimeUSec"] >= 50'000 + 15'000);
  CHECK(job["sinceUSec"] == job["endedUSec"]);
  CHECK(job["attempts"][0]["readyUSec"] >= job["notBeforeUSec"]);
  const json& history = job["history"];
  for (std::size_t i = 0; i + 1 < history.size(); ++i) CHECK(history[i]["toUSec"] == history[i + 1]["fromUSec"]);
  const std::string shown = daemon.run({"show", id}).out;
  for (const char* word : {"times", "ready", "waiting", "running", "from"}) CHECK(shown.find(word) != std::string::npos);
  const Finished listed = daemon.run({"list", "--json", id});
  CHECK(json::parse(listed.out)["waitingTimeUSec"] == job["waitingTimeUSec"]);
  CHECK_FALSE(json::parse(listed.out).contains("history"));
}

TEST_CASE("times in each state outlive the broker and the host, and what nobody knows is not told") {
  Daemon daemon({.workers = 1});
  Gate gate(daemon.file("gate"));
  const std::string ended = daemon.submit({"--delay", "30ms", "--", "true"});
  REQUIRE(daemon.run({"wait", ended}).exit_code == 0);
  const json before = daemon.job(ended);
  const std::string running = daemon.submit({"--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(running).contains("pid"); }));
  const json running_before = daemon.job(running);
  const std::string later = daemon.submit({"--after", running, "--", "true"});
  const pid_t broker = daemon.broker_pid();
  ::kill(broker, SIGKILL);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));

  const json after = daemon.job(ended);
  for (const char* field : {"readyTimeUSec", "runningTimeUSec", "waitingTimeUSec", "history"}) CHECK(after[field] == before[field]);
  const json running_after = daemon.job(running);
  CHECK(running_after["readyTimeUSec"] == running_before["readyTimeUSec"]);
  CHECK(running_after["runningTimeUSec"] >= running_before["runningTimeUSec"]);
  CHECK(states(running_after) == States{"ready", "running"});
  CHECK(states(daemon.job(later)) == States{"waiting"});
  gate.open();
  REQUIRE(daemon.run({"wait", running, later}).exit_code == 0);
  CHECK(daemon.job(later)["waitingTimeUSec"] > 0);

  const std::string lost = daemon.submit({"--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(lost).contains("pid"); }));
  daemon.kill_everything();
  daemon.start_again();
  REQUIRE(daemon.run({"wait", lost}).exit_code == 0);
  const json at_last = daemon.job(ended);
  for (const char* field : {"readyTimeUSec", "runningTimeUSec", "waitingTimeUSec", "history"}) CHECK(at_last[field] == before[field]);
  const json interrupted = daemon.job(lost);
  CHECK(interrupted["outcome"] == "interrupted");
  CHECK_FALSE(interrupted.contains("runningTimeUSec"));
  CHECK(daemon.run({"show", lost}).out.find("done") != std::string::npos);
}

TEST_CASE("a job at a queue is waiting, and so is one whose pool is paused, also in the sums") {
  Daemon daemon({.workers = 1});
  REQUIRE(daemon.run({"queue", "create", "mail"}).exit_code == 0);
  const std::string getter = daemon.submit({"--", program("jobpool"), "queue", "get", "mail"});
  REQUIRE(wait_until([&] { return daemon.job(getter)["state"] == "waiting"; }));
  const json waits = daemon.job(getter);
  CHECK(waits["sinceUSec"] > waits["startedUSec"]);
  REQUIRE(wait_until([&] { return daemon.job(getter)["waitingTimeUSec"] > 20'000; }));
  CHECK(daemon.run({"queue", "put", "mail", "7"}).exit_code == 0);
  REQUIRE(daemon.run({"wait", getter}).exit_code == 0);
  CHECK(daemon.job(getter)["waitingTimeUSec"] > 20'000);

  CHECK(daemon.run({"pool", "pause", "default"}).exit_code == 0);
  const std::string held = daemon.submit({"--", "true"});
  CHECK(daemon.job(held)["state"] == "waiting");
  REQUIRE(wait_until([&] { return daemon.job(held)["waitingTimeUSec"] > 5'000; }));
  CHECK(daemon.run({"pool", "resume", "default"}).exit_code == 0);
  REQUIRE(daemon.run({"wait", held}).exit_code == 0);
  const json done = daemon.job(held);
  CHECK(done["waitingTimeUSec"] > 5'000);
  CHECK(sum_of_times(done) == done["endedUSec"].get<std::int64_t>() - done["submittedUSec"].get<std::int64_t>());
}
