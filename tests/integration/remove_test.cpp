// jobpool remove: ended jobs are forgotten.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/listed.hpp"

using namespace jobpool::testing;

namespace {

std::string ended(const Daemon& daemon, const std::vector<std::string>& words) {
  const std::string id = daemon.submit(words);
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  return id;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("remove forgets a job with its output and result, and its id is not used again") {
  Daemon daemon;
  const std::string command = ended(daemon, {"--", "echo", "said"}), function = ended(daemon, {"@square", "7"});
  const std::string kept = ended(daemon, {"--", "echo", "kept"});
  CHECK(output_files(daemon, command) > 0);
  const Finished removed = daemon.run({"remove", command, function});
  CHECK(removed.exit_code == 0);
  CHECK(removed.out.empty());
  CHECK(removed.err.empty());
  CHECK(output_files(daemon, command) == 0);
  CHECK(listed(daemon) == Ids{kept});
  for (const char* verb : {"get", "show", "logs", "wait"}) {
    const Finished asked = daemon.run({verb, command});
    INFO(verb << ": " << asked.err);
    CHECK(asked.exit_code == 125);
    CHECK(asked.err.find("job " + command) != std::string::npos);
  }
  CHECK(daemon.run({"get", kept}).out == "kept\n");
  CHECK(std::stoull(daemon.submit({"@square", "2"})) > std::stoull(kept));
}

TEST_CASE("a removed job stays gone after the death of everything, and its key is free again") {
  Daemon daemon;
  const std::string removed = ended(daemon, {"--unique", "key", "@square", "7"});
  CHECK(daemon.run({"remove", removed}).exit_code == 0);
  // Another submission under the same key, and its commit is after that of the removal.
  const std::string next = ended(daemon, {"--unique", "key", "@square", "8"});
  CHECK(next != removed);
  daemon.kill_everything();
  daemon.start_again();
  CHECK(listed(daemon) == Ids{next});
  CHECK(daemon.run({"get", removed}).exit_code == 125);
  CHECK(daemon.submit({"--unique", "key", "@square", "8"}) == next);
}

TEST_CASE("one job that has not ended, and none is removed") {
  Daemon daemon({.workers = 1});
  const std::string done = ended(daemon, {"@square", "7"});
  const std::string running = daemon.submit({"--", "sleep", "1000"}), waiting = daemon.submit({"--delay", "1h", "--", "true"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  for (const std::string& other : {running, waiting}) {
    const Finished refused = daemon.run({"remove", done, other});
    CHECK(refused.exit_code == 125);
    CHECK(refused.err.find("job " + other) != std::string::npos);
  }
  CHECK(daemon.run({"remove", "all"}).exit_code == 125);
  CHECK(listed(daemon) == Ids{done, running, waiting});
  CHECK(daemon.run({"cancel", running, waiting}).exit_code == 0);
  CHECK(daemon.run({"remove", "all"}).exit_code == 0);
  CHECK(listed(daemon).empty());
}

TEST_CASE("an unknown job is named, and the others are removed all the same, removing twice harms nobody") {
  Daemon daemon;
  const std::string first = ended(daemon, {"@square", "1"}), second = ended(daemon, {"@square", "2"});
  const Finished finished = daemon.run({"remove", "--json", first, "999999", second});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("job 999999") != std::string::npos);
  CHECK(json::parse(finished.out)["removed"] == json::array({std::stoull(first), std::stoull(second)}));
  const Finished again = daemon.run({"remove", first});
  CHECK(again.exit_code == 125);
  CHECK(again.err.find("job " + first) != std::string::npos);
  CHECK(daemon.run({"remove"}).exit_code == 2);
}
