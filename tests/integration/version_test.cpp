// jobpool version: the client's own, and the daemon's when there is one.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("version needs no daemon, and all programs tell the same one") {
  const Finished client = run({.argv = {program("jobpool"), "--version"}});
  CHECK(client.exit_code == 0);
  CHECK(client.out.find(JOBPOOL_VERSION) != std::string::npos);
  const Finished supervisor = run({.argv = {program("jobpoold"), "--version"}});
  CHECK(supervisor.exit_code == 0);
  CHECK(supervisor.out.find(JOBPOOL_VERSION) != std::string::npos);
}

TEST_CASE("version tells that of the running daemon") {
  Daemon daemon;
  const Finished finished = daemon.run({"version"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find(JOBPOOL_VERSION) != std::string::npos);
  CHECK(daemon.hello()["version"] == JOBPOOL_VERSION);
}
