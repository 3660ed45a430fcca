// jobpool wait, ready, successful: has it ended, and well?

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

TEST_CASE("wait returns when all its jobs have ended, however they ended") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string quick = daemon.submit({"--", "false"});
  const std::string slow = daemon.submit({"--", "sh", "-c", gate.wait()});
  CHECK(daemon.run({"wait", quick}).exit_code == 0);

  Child waiter = daemon.start({"wait", quick, slow});
  const Finished late = daemon.run({"wait", "--timeout", "100ms", quick, slow});
  CHECK(late.exit_code == 124);
  CHECK(late.err.find(slow) != std::string::npos);
  CHECK_FALSE(waiter.has_ended());
  gate.open();
  const Finished finished = waiter.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
  CHECK(daemon.run({"wait", "4711"}).exit_code == 125);
}

TEST_CASE("ready answers by exit code, however the job ended") {
  Daemon daemon;
  const std::string running = daemon.submit({"--", "sleep", "1000"}), good = daemon.submit({"--", "true"}),
                    bad = daemon.submit({"--", "false"});
  REQUIRE(daemon.run({"wait", good, bad}).exit_code == 0);
  CHECK(daemon.run({"ready", running}).exit_code == 1);
  CHECK(daemon.run({"ready", good}).exit_code == 0);
  CHECK(daemon.run({"ready", bad}).exit_code == 0);
}

TEST_CASE("successful answers by exit code, and before the end it is an error") {
  Daemon daemon;
  const std::string running = daemon.submit({"--", "sleep", "1000"}), good = daemon.submit({"--", "true"}),
                    bad = daemon.submit({"--", "false"});
  REQUIRE(daemon.run({"wait", good, bad}).exit_code == 0);
  CHECK(daemon.run({"successful", good}).exit_code == 0);
  CHECK(daemon.run({"successful", bad}).exit_code == 1);
  // As in Python, the question is an error before the end: neither yes nor no.
  const Finished early = daemon.run({"successful", running});
  CHECK(early.exit_code == 125);
  CHECK(early.err.find(running) != std::string::npos);
}
