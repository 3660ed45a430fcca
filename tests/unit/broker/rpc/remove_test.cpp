// Remove, Clean and Reload.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("remove forgets ended jobs, and names those it forgot: none twice, none that nobody knows") {
  House house;
  submit_done(house, kSquare);
  submit_done(house, kSquare);
  const auto call = house.broker->call("Job.Remove", R"({"ids":[2,2,77]})");
  CHECK(call->parameters == R"({"removed":[2]})");
  CHECK(house.broker->forgotten == 1);
  CHECK(house.broker->call("Job.Show", R"({"id":2})")->error_name == "org.jobpool.Job.NoSuchJob");
  CHECK(house.broker->call("Job.Remove", R"({"ids":[2]})")->parameters == R"({"removed":[]})");
  CHECK(house.broker->call("Job.Show", R"({"id":1})")->error_name.empty());
}

TEST_CASE("a job that has not ended is named, and then none is removed") {
  House house;
  submit_done(house, kSquare);
  submit_running(house, kSleep);
  const auto call = house.broker->call("Job.Remove", R"({"ids":[1,2]})");
  CHECK(call->error_name == "org.jobpool.Job.NotEnded");
  CHECK(parsed(call->parameters)["id"] == 2);
  CHECK(house.broker->forgotten == 0);
}

TEST_CASE("an apply whose caller has not got its answer is not removed") {
  House house;
  const auto slow = house.broker->apply("k");
  slow->keep_unsent = true;
  house.run_all();
  REQUIRE(slow->answers == 1);
  CHECK(house.broker->call("Job.Remove", R"({"ids":[1]})")->parameters == R"({"removed":[]})");
  slow->unsent = {};
  CHECK(house.broker->call("Job.Remove", R"({"ids":[1]})")->parameters == R"({"removed":[1]})");
}

TEST_CASE("clean removes what has ended, as it ended, as long ago, and counts it") {
  House house;
  submit_done(house, kSquare);
  submit(house, kSquare);
  house.broker->call("Job.Cancel", R"({"ids":[2]})");
  submit_running(house, kSleep);
  CHECK(house.broker->call("Job.Clean", R"({"pool":"other"})")->error_name == "org.jobpool.Pool.NoSuchPool");
  CHECK(house.broker->call("Job.Clean", R"({"olderThanUSec":3600000000})")->parameters == R"({"removed":0})");
  CHECK(house.broker->call("Job.Clean", R"({"outcome":"cancelled"})")->parameters == R"({"removed":1})");
  CHECK(house.broker->engine.core().find(JobId{2}) == nullptr);
  CHECK(house.broker->call("Job.Clean", "{}")->parameters == R"({"removed":1})");
  CHECK(house.broker->engine.core().counts().done == 0);
  CHECK(house.broker->engine.core().counts().running == 1);
}
