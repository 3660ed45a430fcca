// jobpool clean: all ended jobs that fit are forgotten.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/listed.hpp"

using namespace jobpool::testing;

namespace {

using Ids = std::vector<std::string>;

// One that succeeded, one that failed, one that was cancelled, and one that waits, in this order.
Ids one_of_each(const Daemon& daemon) {
  Ids ids = {daemon.submit({"--", "echo", "said"}), daemon.submit({"--", "false"}), daemon.submit({"--delay", "1h", "--", "true"}),
             daemon.submit({"--delay", "1h", "--", "true"})};
  daemon.run({"wait", ids[0], ids[1]});
  REQUIRE(daemon.run({"cancel", ids[2]}).exit_code == 0);
  return ids;
}

}  // namespace

TEST_CASE("clean --outcome forgets those that ended so, and prints how many they were") {
  Daemon daemon;
  const Ids ids = one_of_each(daemon);
  CHECK(daemon.run({"clean", "--outcome", "failed"}).out == "1\n");
  CHECK(listed(daemon) == Ids{ids[0], ids[2], ids[3]});
  CHECK(daemon.run({"clean", "--outcome", "failed"}).out == "0\n");
  CHECK(daemon.run({"clean", "--outcome", "cancelled", "--json"}).out == "{\"removed\":1}\n");
  CHECK(listed(daemon) == Ids{ids[0], ids[3]});
  CHECK(daemon.run({"get", ids[0]}).out == "said\n");
}

TEST_CASE("clean --older-than forgets what ended that long ago") {
  Daemon daemon;
  const Ids ids = one_of_each(daemon);
  CHECK(daemon.run({"clean", "--older-than", "1h"}).out == "0\n");
  CHECK(daemon.run({"clean", "--older-than", "1h", "--outcome", "failed"}).out == "0\n");
  CHECK(listed(daemon) == ids);
  int removed = 0;
  CHECK(wait_until([&] { return (removed += std::stoi(daemon.run({"clean", "--older-than", "1ms"}).out)) == 3; }));
  CHECK(listed(daemon) == Ids{ids[3]});
}

TEST_CASE("clean --all forgets all ended jobs, with their output and for good, and leaves the others alone") {
  Daemon daemon;
  const Ids ids = one_of_each(daemon);
  const std::string running = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  CHECK(output_files(daemon, ids[0]) > 0);
  CHECK(daemon.run({"clean", "--all"}).out == "3\n");
  CHECK(output_files(daemon, ids[0]) == 0);
  CHECK(listed(daemon) == Ids{ids[3], running});
  // Its commit is after theirs.
  const std::string later = daemon.submit({"--delay", "1h", "--", "true"});
  daemon.kill_everything();
  daemon.start_again();
  CHECK(listed(daemon) == Ids{ids[3], running, later});
}

TEST_CASE("clean must be told what to forget, and refuses a pool that is not there") {
  Daemon daemon;
  const Ids ids = one_of_each(daemon);
  CHECK(daemon.run({"clean"}).exit_code == 2);
  CHECK(daemon.run({"clean", "--all", "--outcome", "failed"}).exit_code == 2);
  CHECK(daemon.run({"clean", "--outcome", "good"}).exit_code == 2);
  const Finished other = daemon.run({"clean", "--pool", "mail"});
  CHECK(other.exit_code == 125);
  CHECK(other.err.find("mail") != std::string::npos);
  CHECK(listed(daemon) == ids);
  CHECK(daemon.run({"clean", "--pool", "default"}).out == "3\n");
}
