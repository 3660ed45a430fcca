// Every job that a daemon tells of, as List shows it; and that what has an outcome keeps it, whoever died in between.
#pragma once

#include <cstdint>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

namespace jobpool::testing {

using JobsById = std::map<std::uint64_t, json>;

inline JobsById all_jobs(const Daemon& daemon) {
  VarlinkClient client = daemon.connect();
  client.send("org.jobpool.Job.List", {{"limit", 0}}, {{"more", true}});
  JobsById jobs;
  for (bool more = true; more;) {
    const auto reply = client.receive();
    REQUIRE(reply);
    more = reply->value("continues", false);
    const json parameters = reply->value("parameters", json::object());
    if (!parameters.contains("job")) continue;
    const json& job = parameters["job"];
    CHECK(jobs.emplace(job["id"].get<std::uint64_t>(), job).second);
  }
  return jobs;
}

inline void check_kept(const JobsById& before, const JobsById& after) {
  for (const auto& [id, job] : before) {
    if (job["state"] != "done") continue;
    INFO("job " << id << ": " << job.dump());
    REQUIRE(after.contains(id));
    CHECK(after.at(id)["outcome"] == job["outcome"]);
    CHECK(after.at(id)["attempt"] == job["attempt"]);
  }
}

// Nothing runs, and nothing is going to.
inline bool is_quiet(const Daemon& daemon) {
  const json pool = daemon.status()["pools"][0];
  return pool["ready"] == 0 && pool["running"] == 0 && pool["waiting"] == 0;
}

}  // namespace jobpool::testing
