// Kill: which jobs take which signals.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("a running command gets the signal through its worker") {
  House house;
  submit_running(house, kSleep);
  const auto call = house.broker->call("Job.Kill", R"({"id":1,"signal":10})");
  CHECK(call->answers == 1);
  CHECK(call->error_name.empty());
  const auto order = control::receive_order(house.worker().orders.get());
  REQUIRE(order);
  CHECK(order->order.kind == control::OrderKind::signal);
  CHECK(order->order.value == 10);
}

TEST_CASE("a running function takes signal 9 only, which costs its worker") {
  House house;
  submit_running(house, kSquare);
  CHECK(house.broker->call("Job.Kill", R"({"id":1,"signal":15})")->error_name == "org.jobpool.Job.NotRunning");
  CHECK(house.broker->killed.empty());
  CHECK(house.broker->call("Job.Kill", R"({"id":1,"signal":9})")->error_name.empty());
  CHECK(house.broker->killed == std::vector{house.worker().incarnation});
}

TEST_CASE("what does not run takes no signal, and the answer says what it does instead") {
  House house;
  submit_done(house, kSleep);
  const auto done = house.broker->call("Job.Kill", R"({"id":1,"signal":15})");
  CHECK(done->error_name == "org.jobpool.Job.NotRunning");
  CHECK(parsed(done->parameters)["reason"].get<std::string>().find("done") != std::string::npos);
  submit(house, kSleep);
  const auto ready = house.broker->call("Job.Kill", R"({"id":2,"signal":15})");
  CHECK(ready->error_name == "org.jobpool.Job.NotRunning");
  CHECK(parsed(ready->parameters)["reason"].get<std::string>().find("cancel") != std::string::npos);
}
