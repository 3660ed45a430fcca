// jobpool get: collect a job's output, result and exit code, whenever and from wherever.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("get replays both streams and the exit code, as often as it is asked") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sh", "-c", "echo out; echo err >&2; exit 3"});
  for (int time = 0; time < 2; ++time) {
    const Finished finished = daemon.run({"get", id});
    CHECK(finished.out == "out\n");
    CHECK(finished.err == "err\n");
    CHECK(finished.exit_code == 3);
  }
}

TEST_CASE("get of a function prints its result") {
  Daemon daemon;
  const Finished finished = daemon.run({"get", daemon.submit({"@square", "12"})});
  CHECK(finished.out == "144\n");
  CHECK(finished.exit_code == 0);
}

TEST_CASE("a get that times out leaves the job alone, a cancel ends it, and get says so") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sleep", "1000"});
  const Finished late = daemon.run({"get", "--timeout", "1s", id});
  CHECK(late.exit_code == 124);
  CHECK(late.out.empty());
  CHECK_FALSE(late.err.empty());
  CHECK(daemon.job(id)["state"] == "running");

  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  const Finished cancelled = daemon.run({"get", id});
  CHECK(cancelled.exit_code == 125);
  CHECK(cancelled.err.find("cancelled") != std::string::npos);
}

TEST_CASE("get waits for the end of a job that runs") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sleep", "1000"});
  Child waiter = daemon.start({"get", id});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  CHECK(daemon.run({"kill", "-s", "KILL", id}).exit_code == 0);
  CHECK(waiter.finish().exit_code == 137);
}

TEST_CASE("get of a job that never was names it") {
  Daemon daemon;
  const Finished finished = daemon.run({"get", "4711"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("4711") != std::string::npos);
  CHECK(daemon.run({"get", "no-number"}).exit_code == 2);
}

TEST_CASE("output that is no text travels as base64, and what is too long says that it was cut") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  const auto ending_of = [&](const std::string& script) {
    const json job = {{"command", {"sh", "-c", script}}, {"environment", {"PATH=/usr/bin:/bin"}}};
    const json id = client.call("org.jobpool.Pool.ApplyAsync", {{"job", job}})["id"];
    return client.call("org.jobpool.Job.Get", {{"id", id}})["ending"];
  };
  const json bytes = ending_of("printf '\\377\\000'");
  CHECK(bytes["stdoutBase64"] == "/wA=");
  CHECK_FALSE(bytes.contains("stdout"));
  CHECK_FALSE(bytes.contains("stderr"));

  const json cut = ending_of("head -c 2000000 /dev/zero | tr '\\0' a; printf é >&2");
  CHECK(cut["stdout"].get<std::string>() == std::string(1024 * 1024, 'a'));
  CHECK(cut["stdoutTruncated"] == true);
  CHECK(cut["stderr"] == "é");
  CHECK(cut["exitCode"] == 0);
}
