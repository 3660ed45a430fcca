// Pools of a real daemon, as its client shows them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

namespace jobpool::testing {

// `jobpool pool create WORDS…`
inline void create_pool(const Daemon& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), {"pool", "create"});
  const Finished finished = daemon.run(std::move(words));
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
}

inline json pool_of(const Daemon& daemon, const std::string& name) {
  const Finished finished = daemon.run({"pool", "show", name, "--json"});
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  return json::parse(finished.out);
}

inline void require_workers_of(const Daemon& daemon, const std::string& name, std::size_t count) {
  REQUIRE(wait_until([&] { return pool_of(daemon, name)["workersIdle"] == count; }));
}

// Of the first pool.
inline void wait_for_workers(const Daemon& daemon, int count) {
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["workersIdle"] == count; }));
}

// Of its workers, ascending.
inline std::vector<pid_t> pids_of(const Daemon& daemon, const std::string& name) {
  std::vector<pid_t> pids;
  for (const json& worker : pool_of(daemon, name).value("workerList", json::array())) pids.push_back(worker["pid"].get<pid_t>());
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace jobpool::testing
