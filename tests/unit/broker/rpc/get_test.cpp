// Get: the end now or later, a time-out, a hang-up.
#include "tests/support/temp_dir.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

#include <fstream>

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("get answers at once when the job has ended, else at its end") {
  House house;
  submit(house, kSquare);
  const auto early = house.broker->call("Job.Get", R"({"id":1})");
  CHECK(early->answers == 0);
  house.run_all();
  const auto late = house.broker->call("Job.Get", R"({"id":1})");
  for (const auto& call : {early, late}) {
    CHECK(call->answers == 1);
    CHECK(call->answer()["result"] == "49");
  }
  CHECK(is_let_go(early));
}

TEST_CASE("get gives up when its time is over, and the job goes on") {
  House house;
  const auto claim = submit_running(house, kSquare);
  const auto call = house.broker->call("Job.Get", R"({"id":1,"timeoutUSec":1000000})");
  const auto due = house.broker->verbs.deadlines().next();
  REQUIRE(due);
  house.broker->verbs.deadlines().run_due(*due - Microseconds{1});
  CHECK(call->answers == 0);
  house.broker->verbs.deadlines().run_due(*due);
  CHECK(call->error_name == "org.jobpool.Job.TimedOut");
  CHECK(parsed(call->parameters) == nlohmann::json{{"id", 1}});
  CHECK(is_let_go(call));
  house.worker().report_end(claim);
  house.turn();
  CHECK(call->answers == 1);
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::succeeded);
}

TEST_CASE("a job that ends in time takes the deadline along") {
  House house;
  submit(house, kSquare);
  const auto call = house.broker->call("Job.Get", R"({"id":1,"timeoutUSec":1000000})");
  house.run_all();
  CHECK(call->answers == 1);
  CHECK_FALSE(house.broker->verbs.deadlines().next());
}

TEST_CASE("a caller of get that hangs up leaves nothing behind, and its job alone") {
  House house;
  const auto claim = submit_running(house, kSquare);
  const auto call = house.broker->call("Job.Get", R"({"id":1,"timeoutUSec":1000000})");
  CHECK_FALSE(is_let_go(call));
  call->hang_up();
  CHECK(is_let_go(call));
  CHECK_FALSE(house.broker->verbs.deadlines().next());
  house.worker().report_end(claim);
  house.turn();
  CHECK(call->answers == 0);
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::succeeded);
}

TEST_CASE("get has a command's output with it, unless that is not wanted") {
  const testing::TempDir folder;
  House house(1, {}, folder.path().string());
  const auto claim = submit_running(house, kSleep);
  std::ofstream(folder.file("1.1.out")) << "out\n";
  std::ofstream(folder.file("1.1.err")) << "err\n";
  house.worker().report_end(claim);
  house.turn();
  const auto all = house.broker->call("Job.Get", R"({"id":1})");
  CHECK(all->answer()["stdout"] == "out\n");
  CHECK(all->answer()["stderr"] == "err\n");
  const auto bare = house.broker->call("Job.Get", R"({"id":1,"output":false})");
  CHECK(bare->answer()["outcome"] == "succeeded");
  CHECK_FALSE(bare->answer().contains("stdout"));
}

TEST_CASE("of a job that died with its broker, get says interrupted, ready yes and successful nothing") {
  House house(0);
  submit(house, kSquare);
  house.turn();
  house.next_broker();
  const auto get = house.broker->call("Job.Get", R"({"id":1})");
  CHECK(get->answer()["outcome"] == "interrupted");
  CHECK(house.broker->call("Job.Ready", R"({"id":1})")->parameters == R"({"ready":true})");
  CHECK(house.broker->call("Job.Successful", R"({"id":1})")->error_name == "org.jobpool.Job.NoSuchJob");
  CHECK(house.broker->call("Job.Wait", R"({"ids":[1]})")->error_name.empty());
}

TEST_CASE("of a job that succeeded and was removed no later broker says anything else") {
  // The bug: after a restart it was told to have been ephemeral, to have died with its broker, and not to have been successful.
  House house;
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  for (int i = 0; i < 3; ++i) {
    house.run_all();
    house.commit();
  }
  CHECK(house.broker->call("Job.Successful", R"({"id":1})")->parameters == R"({"successful":true})");
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  house.turn();
  house.commit();
  submit(house, kSquare);
  CHECK(house.broker->call("Job.Successful", R"({"id":1})")->error_name == "org.jobpool.Job.NoSuchJob");
  house.next_broker();
  CHECK(house.broker->call("Job.Successful", R"({"id":1})")->error_name == "org.jobpool.Job.NoSuchJob");
  const auto get = house.broker->call("Job.Get", R"({"id":1})");
  CHECK(get->answer()["outcome"] == "interrupted");
  CHECK(get->answer()["reason"] == "no record is left of job 1: it was removed or forgotten, or it was ephemeral and its broker died");
}

TEST_CASE("get makes its answer when its connection has room for it") {
  House house;
  const auto claim = submit_running(house, kSquare);
  const auto call = house.broker->call("Job.Get", R"({"id":1})"), other = house.broker->call("Job.Get", R"({"id":1})");
  call->has_room = other->has_room = false;
  house.worker().report_end(claim);
  house.turn();
  CHECK(call->answers + other->answers == 0);
  std::exchange(call->at_room, nullptr)();
  CHECK(call->answer()["result"] == "49");
  CHECK(is_let_go(call));
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  std::exchange(other->at_room, nullptr)();
  CHECK(other->error_name == "org.jobpool.Job.NoSuchJob");
}
