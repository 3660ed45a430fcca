// jobpool logs: a job's output, also while it runs.
#include <signal.h>

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

// The bug: it waited for the job's start, as long as that took.
TEST_CASE("logs without -f of a job that has not begun says so and waits for nothing") {
  Daemon daemon;
  const std::string id = daemon.submit({"--delay", "1h", "--", "echo", "hi"});
  const Finished finished = daemon.run({"logs", id});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
  CHECK(finished.err == "jobpool: job " + id + ": waiting, no output yet\n");
  const std::string function = daemon.submit({"--delay", "1h", "@square", "2"});
  CHECK(daemon.run({"logs", function}).exit_code == 125);
  Child following = daemon.start({"logs", "-f", id});
  CHECK_FALSE(following.has_ended());
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(following.finish().exit_code == 0);
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

// After its first attempt it was silent until the job's end, and what the attempts between had written was never shown.
TEST_CASE("logs -f shows each attempt of a job while it runs, and all of it once") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--retries", "3", "--backoff", "1ms", "--", "sh", "-c",
                                        "echo try $JOBPOOL_ATTEMPT; " + gate.wait() + "; echo $word $JOBPOOL_ATTEMPT; exit 1"});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "try 1\n"; }));
  Child following = daemon.start({"logs", "-f", id});
  for (const std::string attempt : {"1", "2", "3"}) {
    CHECK(following.read_line() == "try " + attempt);
    gate.open("end");
    CHECK(following.read_line() == "end " + attempt);
  }
  CHECK(following.read_line() == "try 4");
  CHECK_FALSE(following.has_ended());
  gate.open("end");
  const Finished finished = following.finish();
  CHECK(finished.out == "end 4\n");
  CHECK(finished.exit_code == 0);
}

TEST_CASE("logs -f shows what an attempt wrote last before it waits for the next") {
  // The bug: where the last words and the news of the attempt's end came together, the words were shown when the next attempt began.
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string id =
      daemon.submit({"--retries", "1", "--backoff", "1h", "--", "sh", "-c", "echo begun; " + gate.wait() + "; echo last; exit 1"});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "begun\n"; }));
  Child following = daemon.start({"logs", "-f", id});
  CHECK(following.read_line() == "begun");
  following.send_signal(SIGSTOP);
  gate.open();
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "waiting"; }));
  following.send_signal(SIGCONT);
  CHECK(following.read_line() == "last");
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(following.finish().exit_code == 0);
}

TEST_CASE("logs -f shows each attempt once, though one of them writes nothing") {
  // The bug: when the silent one's file was gone, since another job had used it, the attempt before it was shown again.
  const Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--retries", "2", "--backoff", "500ms", "--", "sh", "-c",
                                        "[ $JOBPOOL_ATTEMPT = 2 ] || echo try $JOBPOOL_ATTEMPT; " + gate.wait() + "; exit 1"});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "try 1\n"; }));
  Child following = daemon.start({"logs", "-f", id});
  CHECK(following.read_line() == "try 1");
  gate.open();
  gate.open();
  REQUIRE(wait_until([&] { return daemon.job(id)["attempts"].size() == 2 && daemon.job(id)["state"] != "running"; }));
  const Gate other(daemon.file("other"));
  daemon.submit({"--", "sh", "-c", other.wait()});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "ready"; }));
  other.open();
  CHECK(following.read_line() == "try 3");
  gate.open();
  const Finished finished = following.finish();
  CHECK(finished.out.empty());
  CHECK(finished.exit_code == 0);
}

TEST_CASE("logs -f goes on with the next attempt after the broker's death") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  const std::string id =
      daemon.submit({"--retries", "1", "--backoff", "1ms", "--", "sh", "-c", "echo try $JOBPOOL_ATTEMPT; " + gate.wait() + "; exit 1"});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "try 1\n"; }));
  Child following = daemon.start({"logs", "-f", id});
  CHECK(following.read_line() == "try 1");
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  gate.open();
  CHECK(following.read_line() == "try 2");
  gate.open();
  const Finished finished = following.finish();
  CHECK(finished.out.empty());
  CHECK(finished.exit_code == 0);
}
