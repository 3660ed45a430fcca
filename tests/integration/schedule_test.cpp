// When jobs run: priorities, delays, and other jobs' ends.
#include <signal.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/occupy.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/still.hpp"

using namespace jobpool::testing;

namespace {

std::string submit_writer(const Daemon& daemon, std::vector<std::string> options, const std::string& word) {
  options.insert(options.end(), {"--", "sh", "-c", "echo $1 >>$0", daemon.file("order"), word});
  return daemon.submit(std::move(options));
}

std::string order(const Daemon& daemon) {
  std::ifstream file(daemon.file("order"));
  std::string all;
  for (std::string word; file >> word;) all += (all.empty() ? "" : " ") + word;
  return all;
}

std::int64_t wall_usec_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("a higher priority runs first, and among equals who came first") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  std::vector<std::string> ids = {submit_writer(daemon, {}, "usual1"), submit_writer(daemon, {"--priority", "-5"}, "low")};
  ids.push_back(submit_writer(daemon, {"--priority", "1000"}, "high1"));
  ids.push_back(submit_writer(daemon, {}, "usual2"));
  ids.push_back(submit_writer(daemon, {"--priority=1000"}, "high2"));
  CHECK(daemon.job(ids[1])["priority"] == -5);
  gate.open();
  for (const std::string& id : ids) CHECK(daemon.run({"get", id}).exit_code == 0);
  CHECK(order(daemon) == "high1 high2 usual1 usual2 low");
}

TEST_CASE("a job with --delay or --at is held back until then, not longer") {
  Daemon daemon({.workers = 1});
  const std::int64_t before = wall_usec_now();
  const std::string delayed = daemon.submit({"--delay", "300ms", "@square", "3"});
  CHECK(daemon.run({"get", delayed}).out == "9\n");
  CHECK(daemon.job(delayed)["startedUSec"].get<std::int64_t>() >= before + 300'000);

  const std::int64_t at = wall_usec_now() / 1'000'000 + 1;
  const std::string dated = daemon.submit({"--at", "@" + std::to_string(at), "--", "true"});
  CHECK(daemon.job(dated)["notBeforeUSec"] == at * 1'000'000);
  CHECK(daemon.run({"get", dated}).exit_code == 0);
  CHECK(daemon.job(dated)["startedUSec"].get<std::int64_t>() >= at * 1'000'000);
  const std::string past = daemon.submit({"--at", "@1000000000", "@square", "2"});
  CHECK(daemon.run({"get", past}).out == "4\n");
  CHECK(daemon.run({"apply", "--delay", "10ms", "@square", "4"}).out == "16\n");
}

TEST_CASE("a job runs after those that it follows have succeeded, in a chain") {
  Daemon daemon({.workers = 4});
  const Gate gate(daemon.file("gate"));
  const std::string first = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo first >>" + daemon.file("order")});
  const std::string second = submit_writer(daemon, {"--after", first}, "second");
  const std::string third = submit_writer(daemon, {"--after", first + "," + second}, "third");
  CHECK(daemon.job(second)["state"] == "waiting");
  CHECK(daemon.job(second)["waitingFor"] == "job " + first);
  CHECK(daemon.job(third)["after"] == json::array({std::stoull(first), std::stoull(second)}));
  gate.open();
  CHECK(daemon.run({"get", third}).exit_code == 0);
  CHECK(order(daemon) == "first second third");
  // After what has ended already.
  const std::string late = submit_writer(daemon, {"--after", third}, "late");
  CHECK(daemon.run({"get", late}).exit_code == 0);
}

TEST_CASE("what was to run after a job that failed is skipped, with all that follows it, and --after-any runs") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const std::string failing = daemon.submit({"--", "sh", "-c", gate.wait() + "; exit 3"});
  const std::string skipped = submit_writer(daemon, {"--after", failing}, "never");
  const std::string chained = submit_writer(daemon, {"--after", skipped}, "never");
  const std::string any = submit_writer(daemon, {"--after-any", failing + "," + skipped}, "any");
  gate.open();
  const Finished got = daemon.run({"get", skipped});
  CHECK(got.exit_code == 125);
  CHECK(got.err.find("skipped") != std::string::npos);
  CHECK(got.err.find("job " + failing + ", which ended failed") != std::string::npos);
  CHECK(daemon.run({"get", chained}).err.find("job " + skipped + ", which ended skipped") != std::string::npos);
  CHECK(daemon.run({"get", any}).exit_code == 0);
  CHECK(order(daemon) == "any");
  CHECK(daemon.job(skipped)["attempt"] == 0);
  CHECK_FALSE(daemon.job(skipped).contains("attempts"));

  // What has failed already.
  const std::string late = submit_writer(daemon, {"--after", failing}, "never");
  CHECK(daemon.run({"get", late}).exit_code == 125);
  const Finished unknown = daemon.run({"apply-async", "--after", "999999", "--", "true"});
  CHECK(unknown.exit_code != 0);
  CHECK(unknown.err.find("999999") != std::string::npos);
}

TEST_CASE("a job that waits can be cancelled, and takes those with it that were to follow") {
  Daemon daemon({.workers = 1});
  const std::string delayed = submit_writer(daemon, {"--delay", "1h"}, "never");
  const json waiting = daemon.job(delayed);
  CHECK(waiting["state"] == "waiting");
  CHECK(waiting["waitingFor"] == "a delay");
  CHECK(waiting["attempt"] == 0);
  const std::string follower = submit_writer(daemon, {"--after", delayed}, "never");
  const std::string any = submit_writer(daemon, {"--after-any", delayed}, "any");
  CHECK(daemon.run({"cancel", delayed}).exit_code == 0);
  CHECK(daemon.job(delayed)["outcome"] == "cancelled");
  CHECK(daemon.run({"get", follower}).exit_code == 125);
  CHECK(daemon.job(follower)["outcome"] == "skipped");
  CHECK(daemon.run({"get", any}).exit_code == 0);
  CHECK(order(daemon) == "any");
}

TEST_CASE("delays and dependencies outlive the death of everything") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string ended = daemon.submit({"@square", "3"});
  CHECK(daemon.run({"get", ended}).exit_code == 0);
  const std::string hour = submit_writer(daemon, {"--delay", "1h"}, "hour");
  const std::string follower = submit_writer(daemon, {"--after", hour}, "never");
  const std::string moment = submit_writer(daemon, {"--delay", "1s", "--after", ended}, "moment");
  const std::string after_moment = submit_writer(daemon, {"--after", moment, "--priority", "7"}, "follows");
  const json before = daemon.job(hour);

  daemon.kill_everything();
  daemon.start_again();
  CHECK(still(daemon.job(hour)) == still(before));
  CHECK(daemon.job(hour)["waitingFor"] == "a delay");
  CHECK(daemon.job(follower)["waitingFor"] == "job " + hour);
  CHECK(daemon.job(after_moment)["priority"] == 7);
  CHECK(daemon.run({"get", after_moment}).exit_code == 0);
  CHECK(order(daemon) == "moment follows");
  CHECK(daemon.job(moment)["startedUSec"].get<std::int64_t>() >= daemon.job(moment)["notBeforeUSec"].get<std::int64_t>());

  // The broker's death neither.
  const pid_t broker = daemon.broker_pid();
  REQUIRE(signal_child(broker, daemon.pid(), SIGKILL));
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(still(daemon.job(hour)) == still(before));
  CHECK(daemon.run({"cancel", hour}).exit_code == 0);
  CHECK(daemon.run({"get", follower}).exit_code == 125);
}
