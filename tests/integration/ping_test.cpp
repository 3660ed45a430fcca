// jobpool ping: does the daemon answer?
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

TEST_CASE("ping answers by exit code") {
  Daemon daemon;
  CHECK(daemon.run({"ping"}).exit_code == 0);
  daemon.stop();
  const Finished gone = daemon.run({"--no-autostart", "ping"});
  CHECK(gone.exit_code != 0);
  CHECK(gone.err.find(daemon.socket()) != std::string::npos);
}
