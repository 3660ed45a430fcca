// List: which jobs, and a reader who is slower than we are.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::vector<int> ids_of(const FakeCallPtr& call) {
  std::vector<int> ids;
  for (const std::string& reply : call->continued) ids.push_back(parsed(reply)["job"]["id"]);
  return ids;
}

FakeCallPtr slow_list(House& house, const std::string& parameters = "{}") {
  auto call = std::make_shared<FakeCall>("org.jobpool.Job.List", parameters, true);
  call->slow = true;
  house.broker->verbs.handle(call);
  return call;
}

// As a session does: the callback stays where it is while it runs.
void drain(const FakeCallPtr& call) {
  REQUIRE(call->on_drained);
  const auto go_on = call->on_drained;
  go_on();
}

}  // namespace

TEST_CASE("list gives the newest that fit, oldest first, and then an end") {
  House house;
  submit_done(house, kSquare);
  submit_running(house, kSquare);
  for (int count = 0; count < 3; ++count) submit(house, kSquare);
  const auto list = [&](const char* parameters) { return ids_of(house.broker->call("Job.List", parameters, true)); };
  CHECK(list("{}") == std::vector{1, 2, 3, 4, 5});
  CHECK(list(R"({"limit":0})") == std::vector{1, 2, 3, 4, 5});
  CHECK(list(R"({"limit":2})") == std::vector{4, 5});
  CHECK(list(R"({"state":"ready","limit":2,"pool":"default"})") == std::vector{4, 5});
  CHECK(list(R"({"state":"done"})") == std::vector{1});
  CHECK(list(R"({"state":"running"})") == std::vector{2});
  CHECK(list(R"({"state":"waiting"})").empty());
  const auto call = house.broker->call("Job.List", "{}", true);
  CHECK(call->answers == 1);
  CHECK(call->parameters.empty());
  CHECK(is_let_go(call));
}

TEST_CASE("list without more says that it needs it") {
  House house(0);
  const auto call = house.broker->call("Job.List", "{}");
  CHECK(call->error_name == "org.varlink.service.ExpectedMore");
}

TEST_CASE("list waits for a slow reader and then goes on where it was") {
  House house(0);
  for (int count = 0; count < 4; ++count) submit(house, kSquare);
  const auto call = slow_list(house);
  CHECK(ids_of(call) == std::vector{1});
  drain(call);
  CHECK(ids_of(call) == std::vector{1, 2});
  call->slow = false;
  drain(call);
  CHECK(ids_of(call) == std::vector{1, 2, 3, 4});
  CHECK(call->answers == 1);
  CHECK(is_let_go(call));
}

TEST_CASE("a list whose reader is slow at the very last job still ends") {
  House house(0);
  submit(house, kSquare);
  const auto call = slow_list(house);
  CHECK(call->answers == 0);
  drain(call);
  CHECK(ids_of(call) == std::vector{1});
  CHECK(call->answers == 1);
}

TEST_CASE("a job that is forgotten while its listing waits is left out, and the others come") {
  CoreLimits limits;
  limits.kept_async = 0;
  House house(0, limits);
  for (int count = 0; count < 3; ++count) submit(house, kSquare);
  const auto call = slow_list(house);
  house.broker->call("Job.Cancel", R"({"ids":[2]})");
  house.turn();
  REQUIRE(house.broker->forgotten == 1);
  call->slow = false;
  drain(call);
  CHECK(ids_of(call) == std::vector{1, 3});
}

TEST_CASE("a reader who leaves in the middle of a list leaves nothing behind") {
  House house(0);
  for (int count = 0; count < 2; ++count) submit(house, kSquare);
  auto call = slow_list(house);
  CHECK(is_let_go(call));
  const std::weak_ptr<FakeCall> gone = call;
  call->hang_up();
  call.reset();
  CHECK(gone.expired());
}
