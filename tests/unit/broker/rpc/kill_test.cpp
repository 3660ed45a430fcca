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
  house.broker->engine.audit();  // decided when it is known what else the worker has
  CHECK(house.broker->killed == std::vector{house.worker().incarnation});
}

TEST_CASE("what does not run takes no signal, and the answer says what it does instead") {
  House house;
  submit_done(house, kSleep);
  const auto done = house.broker->call("Job.Kill", R"({"id":1,"signal":15})");
  CHECK(done->error_name == "org.jobpool.Job.NotRunning");
  CHECK(parsed(done->parameters)["reason"] == "it has ended");
  submit(house, kSleep);
  const auto ready = house.broker->call("Job.Kill", R"({"id":2,"signal":15})");
  CHECK(ready->error_name == "org.jobpool.Job.NotRunning");
  CHECK(parsed(ready->parameters)["reason"].get<std::string>().find("cancel") != std::string::npos);
}

TEST_CASE("signals that a worker has not read yet are bounded, and cost neither it nor the job") {
  // The bug: some 280 of them filled the worker's socket, which passed for a worker that takes no orders: it was killed with the job,
  // though all calls had been answered well.
  House house;
  submit_running(house, kSleep);
  FakeCallPtr call;
  int sent = 0;
  for (; sent < 1000; ++sent)
    if (call = house.broker->call("Job.Kill", R"({"id":1,"signal":28})"); !call->error_name.empty()) break;
  CHECK(sent >= Dispatcher::kMostUnreadSignals);
  CHECK(sent < 2 * Dispatcher::kMostUnreadSignals);
  CHECK(call->error_name == "org.jobpool.Pool.QueueFull");
  CHECK(parsed(call->parameters)["limit"] == Dispatcher::kMostUnreadSignals);
  CHECK(parsed(call->parameters)["pool"] == "default");
  CHECK(house.broker->killed.empty());
  // What ends it has room beside them, and when they were read there is room for more.
  const auto cancel = house.broker->call("Job.Cancel", R"({"ids":[1],"now":true})");
  for (int i = 0; i < sent; ++i) REQUIRE(control::receive_order(house.worker().orders.get()));
  const auto stop = control::receive_order(house.worker().orders.get());
  REQUIRE(stop);
  CHECK(stop->order.kind == control::OrderKind::stop);
  CHECK(house.broker->call("Job.Kill", R"({"id":1,"signal":28})")->error_name.empty());
  CHECK(house.broker->killed.empty());
}
