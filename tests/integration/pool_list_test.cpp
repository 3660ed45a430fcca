// jobpool pool list: all pools, with what they have to do.
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

TEST_CASE("pool list has a line for each pool, the default one first, status has the same") {
  Daemon daemon({.workers = 2});
  create_pool(daemon, {"images", "-j", "3"});
  require_workers_of(daemon, "images", 3);
  const Finished table = daemon.run({"pool", "list"});
  CHECK(table.exit_code == 0);
  CHECK(table.out.find("default") < table.out.find("images"));
  const Finished lines = daemon.run({"pool", "list", "--json"});
  std::vector<std::string> names;
  std::istringstream all(lines.out);
  for (std::string line; std::getline(all, line);) names.push_back(json::parse(line)["name"]);
  CHECK(names == std::vector<std::string>{"default", "images"});
  const json pools = daemon.status()["pools"];
  REQUIRE(pools.size() == 2);
  CHECK(pools[1]["name"] == "images");
  CHECK(pools[1]["workers"] == 3);
}

TEST_CASE("list and clean take jobs of one pool") {
  Daemon daemon({.workers = 1});
  create_pool(daemon, {"images", "-j", "1"});
  const std::string mine = daemon.submit({"--pool", "images", "@square", "2"}), other = daemon.submit({"@square", "3"});
  for (const std::string& id : {mine, other}) daemon.run({"wait", id});
  const Finished listed = daemon.run({"list", "--pool", "images", "--json"});
  CHECK(json::parse(listed.out)["id"].dump() == mine);
  CHECK(daemon.run({"clean", "--pool", "images"}).out == "1\n");
  CHECK(daemon.job(other)["pool"] == "default");
  CHECK(daemon.run({"list", "--pool", "nowhere"}).exit_code == 125);
}

TEST_CASE("pool without a verb, and with one that is none, is a usage error") {
  Daemon daemon({.workers = 1});
  CHECK(daemon.run({"pool"}).exit_code == 2);
  CHECK(daemon.run({"pool", "nothing"}).err.find("jobpool pool --help") != std::string::npos);
}
