// jobpool kill: send a signal to a running command.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("kill sends the signal that was asked for to the command") {
  Daemon daemon;
  Child client =
      daemon.start({"apply", "--", "sh", "-c", "trap 'echo usr1; exit 7' USR1; echo $JOBPOOL_JOB_ID; while :; do sleep 1000 & wait; done"});
  const std::string id = client.read_line();
  CHECK(daemon.run({"kill", "-s", "USR1", id}).exit_code == 0);
  const Finished finished = client.finish();
  CHECK(finished.out == "usr1\n");
  CHECK(finished.exit_code == 7);
  CHECK(daemon.job(id)["outcome"] == "failed");
}

TEST_CASE("kill by name or by number ends a job as crashed by that signal") {
  Daemon daemon;
  for (const char* signal : {"KILL", "9", "SIGKILL"}) {
    const std::string id = daemon.submit({"--", "sleep", "1000"});
    REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
    CHECK(daemon.run({"kill", "-s", signal, id}).exit_code == 0);
    CHECK(daemon.run({"get", id}).exit_code == 137);
    const json job = daemon.job(id);
    CHECK(job["outcome"] == "crashed");
    CHECK(job["signal"] == SIGKILL);
  }
}

TEST_CASE("kill of a job that does not run says so") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "true"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const Finished finished = daemon.run({"kill", "-s", "TERM", id});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find(id) != std::string::npos);
  CHECK(daemon.run({"kill", "-s", "NOSUCH", id}).exit_code == 2);
}
