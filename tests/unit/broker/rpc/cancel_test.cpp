// Cancel: answered when each job has its outcome.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("cancel answers when the last of its jobs has its outcome, and names those it stopped") {
  House house;
  submit_done(house, kSquare);
  const auto claim = submit_running(house, kSleep);
  submit(house, kSquare);
  const auto call = house.broker->call("Job.Cancel", R"({"ids":[1,2,3]})");
  CHECK(call->answers == 0);
  Report report;
  report.ending = Ending::signalled;
  report.code = 15;
  report.stopped = true;
  house.worker().report(claim, report);
  house.turn();
  REQUIRE(call->answers == 1);
  CHECK(parsed(call->parameters) == nlohmann::json{{"cancelled", {3, 2}}});
  CHECK(is_let_go(call));
}

TEST_CASE("cancel of what has ended changes nothing and says so") {
  House house;
  submit_done(house, kSquare);
  const auto call = house.broker->call("Job.Cancel", R"({"ids":[1]})");
  CHECK(call->parameters == R"({"cancelled":[]})");
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::succeeded);
}

TEST_CASE("cancel gives the job its grace, unless it is to be now") {
  const bool now = GENERATE(false, true);
  House house;
  submit_running(house, kSleep);
  house.broker->call("Job.Cancel", now ? R"({"ids":[1],"now":true})" : R"({"ids":[1]})");
  const auto order = control::receive_order(house.worker().orders.get());
  REQUIRE(order);
  CHECK(order->order.kind == control::OrderKind::stop);
  CHECK(order->order.usec == (now ? 0 : 60'000'000));
}

// A job named twice was told as cancelled twice.
TEST_CASE("a job that is named twice is cancelled once") {
  House house;
  submit_running(house, kSleep);
  const auto call = house.broker->call("Job.Cancel", R"({"ids":[1,1]})");
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  CHECK(call->answers == 1);
  CHECK(call->parameters == R"({"cancelled":[1]})");
}

// A caller of Cancel that went away was kept, with its list, until the last of its jobs had ended.
TEST_CASE("a caller of cancel that hangs up leaves nothing behind, and its jobs are stopped all the same") {
  House house;
  submit_running(house, kSleep);
  const auto call = house.broker->call("Job.Cancel", R"({"ids":[1]})");
  CHECK(call->answers == 0);
  call->hang_up();
  CHECK(is_let_go(call));
  CHECK(house.broker->engine.core().find(JobId{1})->stop == StopRequest::cancel);
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::cancelled);
  CHECK(call->answers == 0);
}
