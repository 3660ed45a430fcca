// Show: what is known of a job in each state.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("show tells a job's state, attempt, worker and times as they become known") {
  House house;
  submit(house, R"({"job":{"function":"square","arguments":"[7]","name":"seven","durable":false}})");
  const auto show = [&] { return house.broker->call("Job.Show", R"({"id":1})")->answer(); };
  const auto ready = show();
  CHECK(ready["state"] == "ready");
  CHECK(ready["attempt"] == 0);
  CHECK(ready["name"] == "seven");
  CHECK(ready["description"] == "@square(7)");
  CHECK(ready["submittedUSec"].get<std::int64_t>() > 0);
  CHECK_FALSE(ready.contains("outcome"));
  CHECK_FALSE(ready.contains("startedUSec"));

  house.turn();
  CHECK(show()["state"] == "ready");  // offered is not started
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  CHECK(show()["state"] == "running");  // claimed, its START not yet written
  house.worker().report_start(*claim);
  const auto running = show();
  CHECK(running["attempt"] == 1);
  CHECK(running["worker"] == 1);
  CHECK(running["pid"] == 4711);

  house.worker().report_end(*claim);
  const auto done = show();
  CHECK(done["state"] == "done");
  CHECK(done["outcome"] == "succeeded");
  CHECK(done["endedUSec"].get<std::int64_t>() >= done["startedUSec"].get<std::int64_t>());
}
