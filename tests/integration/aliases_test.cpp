// The other names of verbs, for habits from Python and from the shell: each does what its verb does.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

namespace {

std::string submitted_by(const Daemon& daemon, const char* alias) {
  const Finished finished = daemon.run({alias, "@square", "7"});
  REQUIRE(finished.exit_code == 0);
  return finished.out.substr(0, finished.out.size() - 1);
}

}  // namespace

TEST_CASE("run is apply") {
  const Daemon daemon({.workers = 1});
  CHECK(daemon.run({"run", "@square", "7"}).out == "49\n");
}

TEST_CASE("submit is apply-async") {
  const Daemon daemon({.workers = 1});
  CHECK(daemon.run({"get", submitted_by(daemon, "submit")}).out == "49\n");
}

TEST_CASE("apply_async is apply-async") {
  const Daemon daemon({.workers = 1});
  CHECK(daemon.run({"get", submitted_by(daemon, "apply_async")}).out == "49\n");
}

TEST_CASE("imap is map") {
  const Daemon daemon({.workers = 1});
  CHECK(daemon.run({"imap", "@square", ":::", "1", "2", "3"}).out == "1\n4\n9\n");
}

TEST_CASE("ls is list") {
  const Daemon daemon({.workers = 1});
  const std::string id = submitted_by(daemon, "submit");
  CHECK(json::parse(daemon.run({"ls", "--json"}).out)["id"].dump() == id);
}

TEST_CASE("log is logs") {
  const Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--", "echo", "said"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  CHECK(daemon.run({"log", id}).out == "said\n");
}
