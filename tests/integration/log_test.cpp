// What the daemon's log tells, and what it must not: what jobs carry.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

// Arguments, environment, input, output, results, exceptions and items may be secrets, and logs are read by others.
TEST_CASE("nothing that jobs and queues carry is logged above debug, however they end") {
  const std::string secret = "hush-7d41";
  Daemon daemon({.workers = 2, .arguments = {"--log-level", "info"}});
  const std::string variable = "SECRET=" + secret;
  std::vector<std::string> ids{
      daemon.submit({"--name", secret, "--env", variable, "--", "sh", "-c", "echo " + secret + "; exit 3"}),
      daemon.submit({"--", "/nowhere/" + secret}),
      daemon.submit({"--env", variable, "--", "sh", "-c", "kill -SEGV $$ # " + secret}),
      daemon.submit({"--timeout", "10ms", "--grace", "0", "--", "sh", "-c", "exec sleep 1000 # " + secret}),
      daemon.submit({"@echo", secret}),
      daemon.submit({"@cube", secret}),
      daemon.submit({"--retries", "1", "--backoff", "1ms", "--", "sh", "-c", "kill -KILL $PPID # " + secret}),
  };
  std::vector<std::string> words{"wait"};
  words.insert(words.end(), ids.begin(), ids.end());
  REQUIRE(daemon.run(words).exit_code == 0);
  REQUIRE(daemon.run({"queue", "create", "mail"}).exit_code == 0);
  REQUIRE(daemon.run({"queue", "put", "mail", "\"" + secret + "\""}).exit_code == 0);
  CHECK(daemon.run({"pool", "create", "broken", "-j", "1", "--init", "@no_such", secret}).exit_code == 0);
  CHECK(daemon.run({"apply", "--pool", secret, "--", "true"}).exit_code == 125);
  CHECK(daemon.run({"call", "org.jobpool.Pool.Apply", R"({"job":{"function":")" + secret + R"(","x":1}})"}).exit_code == 125);
  REQUIRE(wait_until([&] { return daemon.log().find("pool 'broken': worker") != std::string::npos; }));
  const std::string log = daemon.log();
  INFO(log);
  CHECK(log.find(secret) == std::string::npos);
  CHECK(log.find("job " + ids[2] + " of pool 'default' ended: crashed\n") != std::string::npos);
  CHECK(log.find("job " + ids[3] + " of pool 'default' ended: timed_out\n") != std::string::npos);
  CHECK(log.find("job " + ids[0] + " ") == std::string::npos);  // that a job failed is its submitter's business
}

TEST_CASE("control characters reach the log as text") {
  Daemon daemon({.arguments = {"--plugin-dir", "/proc/self/status/\x1b[31mred\n2026 forged"}});  // which is no directory
  REQUIRE(daemon.run({"ping"}).exit_code == 0);
  REQUIRE(wait_until([&] { return daemon.log().find("forged") != std::string::npos; }));
  CHECK(daemon.log().find("\\x1b[31mred\\x0a2026 forged") != std::string::npos);
  CHECK(daemon.log().find('\x1b') == std::string::npos);
}
