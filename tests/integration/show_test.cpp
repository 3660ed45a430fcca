// jobpool show: everything known of one job.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

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
