// jobpool list: the jobs, one a line.
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

namespace {

std::vector<json> list(const Daemon& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), {"list", "--json"});
  const Finished finished = daemon.run(std::move(words));
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  std::vector<json> jobs;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) jobs.push_back(json::parse(line));
  return jobs;
}

}  // namespace

TEST_CASE("list shows jobs of every state, oldest first") {
  Daemon daemon({.workers = 1});
  const std::string done = daemon.submit({"--name", "first", "--", "sh", "-c", "exit 3"});
  REQUIRE(daemon.run({"wait", done}).exit_code == 0);
  const std::string running = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  const std::string ready = daemon.submit({"@square", "7"});

  const std::vector<json> all = list(daemon, {});
  REQUIRE(all.size() == 3);
  CHECK(all[0]["id"] == std::stoull(done));
  CHECK(all[0]["name"] == "first");
  CHECK(all[0]["state"] == "done");
  CHECK(all[0]["outcome"] == "failed");
  CHECK(all[0]["exitCode"] == 3);
  CHECK(all[1]["state"] == "running");
  CHECK(all[2]["id"] == std::stoull(ready));
  CHECK(all[2]["state"] == "ready");
  CHECK(all[2]["pool"] == "default");
  CHECK(all[2]["attempt"] == 0);

  CHECK(list(daemon, {"--state", "running"}).size() == 1);
  CHECK(list(daemon, {"--state", "waiting"}).empty());
  CHECK(list(daemon, {"--pool", "default"}).size() == 3);
  const std::vector<json> newest = list(daemon, {"--limit", "2"});
  REQUIRE(newest.size() == 2);
  CHECK(newest[0]["id"] == std::stoull(running));
}

TEST_CASE("list gives a long history in full when asked to, and the newest hundred else") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  std::vector<std::string> calls;
  for (int count = 0; count < 250; ++count) {
    calls.push_back(call_text("org.jobpool.Pool.Apply", {{"job", {{"function", "square"}, {"arguments", "[3]"}}}}));
  }
  client.exchange(calls);
  CHECK(list(daemon, {}).size() == 100);
  CHECK(list(daemon, {"--limit", "0"}).size() == 250);
}

// `list last 1` left the last one out.
TEST_CASE("list takes selectors together, each job once") {
  Daemon daemon;
  for (int count = 0; count < 3; ++count) REQUIRE(daemon.run({"wait", daemon.submit({"@square", "7"})}).exit_code == 0);
  const auto ids = [&](std::vector<std::string> words) {
    std::vector<int> found;
    for (const json& job : list(daemon, std::move(words))) found.push_back(job["id"]);
    return found;
  };
  CHECK(ids({"last", "1"}) == std::vector{1, 3});
  CHECK(ids({"2-3,last"}) == std::vector{2, 3});
  CHECK(ids({"1-2"}) == std::vector{1, 2});
  CHECK(ids({"last"}) == std::vector{3});
  CHECK(ids({"all", "last"}) == std::vector{1, 2, 3});
}

// The limit was ignored beside a selector, and a job that there is not was an empty table with exit code 0.
TEST_CASE("list keeps the newest of what is selected, and names a job that there is not") {
  Daemon daemon;
  for (int count = 0; count < 4; ++count) REQUIRE(daemon.run({"wait", daemon.submit({"@square", "7"})}).exit_code == 0);
  const auto ids = [&](std::vector<std::string> words) {
    std::vector<int> found;
    for (const json& job : list(daemon, std::move(words))) found.push_back(job["id"]);
    return found;
  };
  CHECK(ids({"--limit", "2", "all"}) == std::vector{3, 4});
  CHECK(ids({"--limit", "2", "1-3"}) == std::vector{2, 3});
  CHECK(ids({"--limit", "2", "1-2", "last"}) == std::vector{2, 4});
  CHECK(ids({"--limit", "0", "all"}) == std::vector{1, 2, 3, 4});
  CHECK(ids({"7-9"}).empty());
  CHECK(ids({"--state", "running", "1"}).empty());  // it is there
  const Finished missing = daemon.run({"list", "--json", "2,7"});
  CHECK(missing.exit_code == 125);
  CHECK(missing.err == "jobpool: job 7: no such job (never submitted, or forgotten)\n");
  CHECK(json::parse(missing.out)["id"] == 2);
}

TEST_CASE("list for people shows ids and commands, and refuses a state that is none") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "echo", "hello there"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const Finished finished = daemon.run({"list"});
  CHECK(finished.out.find("hello there") != std::string::npos);
  CHECK(finished.out.find(id) != std::string::npos);
  CHECK(finished.out.find("succeeded") != std::string::npos);
  CHECK(daemon.run({"list", "--state", "asleep"}).exit_code == 2);
}
