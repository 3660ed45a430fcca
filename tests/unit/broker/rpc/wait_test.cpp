// Wait, Ready, Successful: the end without the result.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("wait answers when the last of its jobs has ended, in whatever order they do") {
  House house(2);
  for (int count = 0; count < 2; ++count) submit(house, kSquare);
  const auto call = house.broker->call("Job.Wait", R"({"ids":[1,2,1]})");
  house.turn();
  const auto first = house.worker(0).claim(), second = house.worker(1).claim();
  REQUIRE(first);
  REQUIRE(second);
  house.worker(1).run(*second);
  house.turn();
  CHECK(call->answers == 0);
  house.worker(0).run(*first);
  house.turn();
  CHECK(call->answers == 1);
  CHECK(call->error_name.empty());
  CHECK(is_let_go(call));
}

TEST_CASE("wait for what has ended already answers at once") {
  House house;
  submit_done(house, kSquare);
  const auto call = house.broker->call("Job.Wait", R"({"ids":[1],"timeoutUSec":0})");
  CHECK(call->answers == 1);
  CHECK(call->error_name.empty());
  CHECK_FALSE(house.broker->verbs.deadlines().next());
  CHECK(is_let_go(call));
}

TEST_CASE("wait names the first job that is not done when its time is over") {
  House house;
  submit_done(house, kSquare);
  const auto claim = submit_running(house, kSquare);
  const auto call = house.broker->call("Job.Wait", R"({"ids":[1,2],"timeoutUSec":1000000})");
  const auto due = house.broker->verbs.deadlines().next();
  REQUIRE(due);
  house.broker->verbs.deadlines().run_due(*due);
  CHECK(call->error_name == "org.jobpool.Job.TimedOut");
  CHECK(parsed(call->parameters) == nlohmann::json{{"id", 2}});
  CHECK(is_let_go(call));
  house.worker().report_end(claim);
  house.turn();
  CHECK(call->answers == 1);
}

TEST_CASE("a caller of wait that hangs up leaves nothing behind, also in the middle of its list") {
  House house;
  submit(house, kSquare);
  const auto call = house.broker->call("Job.Wait", R"({"ids":[1,2],"timeoutUSec":1000000})");
  CHECK(call->error_name == "org.jobpool.Job.NoSuchJob");
  submit(house, kSquare);
  const auto both = house.broker->call("Job.Wait", R"({"ids":[1,2],"timeoutUSec":1000000})");
  house.turn();
  const auto first = house.worker().claim();
  REQUIRE(first);
  house.worker().run(*first);
  house.turn();
  CHECK(both->answers == 0);
  both->hang_up();
  CHECK(is_let_go(both));
  CHECK_FALSE(house.broker->verbs.deadlines().next());
  house.run_all();
  CHECK(both->answers == 0);
}

TEST_CASE("ready and successful answer for each state, and successful is an error before the end") {
  House house;
  const auto claim = submit_running(house, kSquare);
  CHECK(house.broker->call("Job.Ready", R"({"id":1})")->parameters == R"({"ready":false})");
  const auto too_early = house.broker->call("Job.Successful", R"({"id":1})");
  CHECK(too_early->error_name == "org.jobpool.Job.NotReady");
  CHECK(parsed(too_early->parameters) == nlohmann::json{{"id", 1}});
  house.worker().report_end(claim);
  CHECK(house.broker->call("Job.Ready", R"({"id":1})")->parameters == R"({"ready":true})");  // reported, and no turn has ended yet
  CHECK(house.broker->call("Job.Successful", R"({"id":1})")->parameters == R"({"successful":true})");
  submit(house, kSquare);
  house.broker->call("Job.Cancel", R"({"ids":[2]})");
  CHECK(house.broker->call("Job.Successful", R"({"id":2})")->parameters == R"({"successful":false})");
}

TEST_CASE("who is told nothing does not wait: oneway calls that only ask are answered at once") {
  House house(0);
  submit(house, kSquare);
  for (const auto& [method, parameters] :
       {std::pair("Job.Get", R"({"id":1})"), std::pair("Job.Wait", R"({"ids":[1],"timeoutUSec":9000000})"),
        std::pair("Pool.Join", R"({"pool":"default"})"), std::pair("Process.Join", R"({"name":"p"})")}) {
    auto call = std::make_shared<FakeCall>(std::string("org.jobpool.") + method, parameters, false);
    call->envelope.oneway = true;
    house.broker->verbs.handle(call);
    INFO(method);
    CHECK(call->answers == 1);
    CHECK(is_let_go(call));
  }
  CHECK_FALSE(house.broker->verbs.deadlines().next());
}
