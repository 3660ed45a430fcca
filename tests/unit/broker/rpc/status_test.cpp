// Hello, Status, Shutdown: the daemon itself.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("hello says who answers") {
  House house(0);
  const auto hello = parsed(house.broker->call("Pool.Hello", "{}")->parameters);
  CHECK(hello["instance"] == "i");
  CHECK(hello["brokerPid"] == ::getpid());
  CHECK(hello["supervisorPid"] == ::getppid());
  CHECK(hello["understands"] == nlohmann::json::array({"inherited"}));
}

TEST_CASE("status counts the jobs by state and the workers by what they do") {
  House house(2);
  submit(house, kSquare);
  house.run_all();
  submit(house, kSleep);
  house.turn();
  for (const auto& worker : house.workers)
    if (const auto claim = worker->claim()) worker->report_start(*claim);
  const auto pool = parsed(house.broker->call("Pool.Status", "{}")->parameters)["pools"][0];
  CHECK(pool["name"] == "default");
  CHECK(pool["state"] == "running");
  CHECK(pool["workers"] == 2);
  CHECK(pool["workersIdle"] == 1);
  CHECK(pool["workersRunning"] == 1);
  CHECK(pool["ready"] == 0);
  CHECK(pool["running"] == 1);
  CHECK(pool["done"] == 1);
}

TEST_CASE("while the daemon goes down pools have their own states, and none can be reopened") {
  // The bug: each was shown as closed, though nobody had closed it, and resume said nothing and opened nothing.
  House house(0);
  house.broker->call("Pool.Create", R"({"name":"images","workers":1})");
  house.turn();
  house.commit();
  house.broker->call("Pool.Close", R"({"pool":"images"})");
  const auto status = [&] { return parsed(house.broker->call("Pool.Status", "{}")->parameters); };
  CHECK(status()["draining"] == false);
  const auto before = status()["pools"];
  house.broker->engine.tell(Drain{});
  CHECK(status()["draining"] == true);
  CHECK(status()["pools"] == before);
  for (const char* pool : {"default", "images"}) {
    const auto resumed = house.broker->call("Pool.Resume", R"({"pool":")" + std::string{pool} + "\"}");
    CHECK(resumed->error_name == "org.jobpool.Pool.PoolNotRunning");
    CHECK(parsed(resumed->parameters) == nlohmann::json{{"pool", pool}, {"reason", "the daemon is going down; start it again"}});
  }
  CHECK(status()["pools"] == before);
}

TEST_CASE("a job is counted as done when it is shown as done") {
  // The bug: one whose end was on its way to the disk was counted as done, while list and show said running: quiet was not quiet.
  House house;
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.worker().report_end(*claim);
  house.turn();
  const auto pool = [&] { return parsed(house.broker->call("Pool.Status", "{}")->parameters)["pools"][0]; };
  CHECK(pool()["running"] == 1);
  CHECK(pool()["done"] == 0);
  house.commit();
  CHECK(pool()["running"] == 0);
  CHECK(pool()["done"] == 1);
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  house.turn();
  CHECK(pool()["done"] == 0);
}

TEST_CASE("shutdown is answered before it is begun") {
  House house(0);
  for (const bool now : {false, true}) {
    auto call = std::make_shared<FakeCall>("org.jobpool.Pool.Shutdown", now ? R"({"now":true})" : "{}", false);
    int answers_before = -1;
    house.broker->on_shut_down = [&](bool asked_now) {
      CHECK(asked_now == now);
      answers_before = call->answers;
    };
    house.broker->verbs.handle(call);
    CHECK(answers_before == 1);
  }
}
