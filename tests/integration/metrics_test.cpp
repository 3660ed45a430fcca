// jobpool metrics: what a monitoring system collects.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/open_metrics.hpp"

using namespace jobpool::testing;

namespace {

std::map<std::string, double> collected(const Daemon& daemon) {
  const Finished finished = daemon.run({"metrics"});
  CHECK(finished.exit_code == 0);
  OpenMetrics read = read_open_metrics(finished.out);
  CHECK(read.fault == "");
  return std::move(read.samples);
}

}  // namespace

TEST_CASE("metrics count jobs, times, commits, queues and the store, and begin anew with a broker") {
  Daemon daemon({.workers = 2});
  REQUIRE(daemon.run({"pool", "create", "images", "-j", "1"}).exit_code == 0);
  REQUIRE(daemon.run({"queue", "create", "mail"}).exit_code == 0);
  REQUIRE(daemon.run({"queue", "put", "mail", "7"}).exit_code == 0);
  const std::string well = daemon.submit({"--", "sh", "-c", "exit 0"}), badly = daemon.submit({"--pool", "images", "--", "false"});
  const std::string later = daemon.submit({"--delay", "1h", "--", "true"});
  REQUIRE(daemon.run({"wait", well, badly}).exit_code == 0);
  auto samples = collected(daemon);
  CHECK(samples.at("jobpool_up") == 1);
  CHECK(samples.at(R"(jobpool_jobs_accepted_total{pool="default"})") == 2);
  CHECK(samples.at(R"(jobpool_jobs_ended_total{pool="default",outcome="succeeded"})") == 1);
  CHECK(samples.at(R"(jobpool_jobs_ended_total{pool="images",outcome="failed"})") == 1);
  CHECK(samples.at(R"(jobpool_jobs{pool="default",state="waiting"})") == 1);
  CHECK(samples.at(R"(jobpool_workers{pool="images",state="idle"})") == 1);
  for (const char* times : {"queue_wait", "run", "end_to_end"}) {
    INFO(times);
    CHECK(samples.at(std::string("jobpool_") + times + R"(_seconds_count{pool="default"})") == 1);
    CHECK(samples.at(std::string("jobpool_") + times + R"(_seconds_sum{pool="default"})") > 0);
  }
  CHECK(samples.at(R"(jobpool_end_to_end_seconds_sum{pool="default"})") >= samples.at(R"(jobpool_run_seconds_sum{pool="default"})"));
  CHECK(samples.at("jobpool_commit_seconds_count") >= 3);
  CHECK(samples.at(R"(jobpool_queue_items{queue="mail"})") == 1);
  CHECK(samples.at(R"(jobpool_store_bytes{part="database"})") > 0);
  CHECK(samples.at(R"(jobpool_store_bytes{part="queues"})") > 0);
  CHECK(samples.at("jobpool_store_free_bytes") > 0);
  CHECK(samples.at("jobpool_rescued_wakeups_total") == 0);

  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  const double began = samples.at("jobpool_broker_start_time_seconds");
  samples = collected(daemon);
  CHECK(samples.at("jobpool_broker_start_time_seconds") > began);
  CHECK(samples.at("jobpool_broker_restarts_total") == 1);
  CHECK(samples.at(R"(jobpool_jobs_accepted_total{pool="default"})") == 0);
  CHECK(samples.at(R"(jobpool_jobs{pool="default",state="waiting"})") == 1);

  const std::string file = daemon.file("jobpool.prom");
  CHECK(daemon.run({"metrics", "--format", "prometheus", "--label", "user=me", "--output", file}).out.empty());
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  CHECK(text.str().find("\njobpool_up{user=\"me\"} 1\n") != std::string::npos);
  const json all = json::parse(daemon.run({"metrics", "--json"}).out, nullptr, false);
  CHECK(all["pools"][0]["endToEnd"]["counts"].size() == all["boundsUSec"].size() + 1);
  CHECK(daemon.run({"cancel", later}).exit_code == 0);
}
