// jobpool logs: a job's output, also while it runs.

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

TEST_CASE("logs prints one stream of a job") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sh", "-c", "echo out; echo err >&2"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  CHECK(daemon.run({"logs", id}).out == "out\n");
  CHECK(daemon.run({"logs", "--stderr", id}).out == "err\n");
}

TEST_CASE("logs -f follows a job to its end, and prints all of it") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string id =
      daemon.submit({"--", "sh", "-c", "echo begin; " + gate.wait() + "; head -c 3000000 /dev/zero | tr '\\0' a; echo; echo $word"});
  Child follower = daemon.start({"logs", "-f", id});
  CHECK(follower.read_line() == "begin");
  CHECK_FALSE(follower.has_ended());
  gate.open("end");
  const Finished finished = follower.finish();
  CHECK(finished.exit_code == 0);
  CHECK((finished.out == std::string(3'000'000, 'a') + "\nend\n"));
}

// Each attempt has a file of its own: only the one that ran when it was opened was shown.
TEST_CASE("logs -f of a job that is tried again shows the last attempt, too") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string id =
      daemon.submit({"--retries", "1", "--backoff", "1ms", "--", "sh", "-c", "echo try $JOBPOOL_ATTEMPT; " + gate.wait() + "; exit 1"});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "try 1\n"; }));
  Child following = daemon.start({"logs", "-f", id});
  REQUIRE(following.read_line() == "try 1");
  gate.open();
  gate.open();
  CHECK(following.finish().out == "try 2\n");
}

TEST_CASE("logs of what keeps no output says why") {
  Daemon daemon;
  const std::string function = daemon.submit({"@square", "2"});
  REQUIRE(daemon.run({"wait", function}).exit_code == 0);
  const Finished finished = daemon.run({"logs", function});
  CHECK(finished.exit_code == 125);
  CHECK(finished.out.empty());
  CHECK(finished.err.find(function) != std::string::npos);
}
