// Stats: the broker's counts, as its callers see them.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

nlohmann::json stats(House& house) { return parsed(house.broker->call("Pool.Stats", "{}")->parameters); }

}  // namespace

TEST_CASE("stats count what came, started and ended, for each pool and for all") {
  House house;
  CHECK(stats(house)["total"]["accepted"] == 0);
  submit_done(house, kSquare);
  submit(house, kSquare);
  house.broker->engine.tell(Cancel{JobId{2}, Cancel::Haste::now, "enough"});
  const auto all = stats(house);
  const auto& pool = all["pools"][0];
  CHECK(pool["name"] == "default");
  CHECK(pool["accepted"] == 2);
  CHECK(pool["started"] == 1);
  CHECK(pool["succeeded"] == 1);
  CHECK(pool["cancelled"] == 1);
  CHECK(pool["queueing"]["count"] == 1);
  CHECK(pool["running"]["count"] == 1);
  CHECK(all["total"]["accepted"] == 2);
  CHECK(all["sinceUSec"].get<std::int64_t>() > 0);
  CHECK(house.broker->call("Pool.Stats", R"({"x":1})")->error_name == proto::error::kInvalidParameter);
}

TEST_CASE("a known key and a refused job are not accepted, and a retried attempt is counted") {
  House house(1, CoreLimits{.max_queued_jobs = 1});
  const std::string keyed = R"({"job":{"function":"square","arguments":"[7]","key":"k","retries":1,"backoffUSec":0,"durable":false}})";
  submit(house, keyed);
  submit(house, keyed);
  CHECK(submit(house, kSquare)->error_name == proto::error::kQueueFull);
  house.turn();
  auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  report_end_as(house, *claim, Ending::threw);
  house.turn();
  const auto all = stats(house);
  CHECK(all["refused"] == 1);
  CHECK(all["total"]["accepted"] == 1);
  CHECK(all["total"]["retried"] == 1);
  CHECK(all["total"]["failed"] == 0);
}

TEST_CASE("a durable job counts as accepted when it is on disk, and the next broker begins anew") {
  House house;
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  CHECK(stats(house)["total"]["accepted"] == 0);
  house.commit();
  CHECK(stats(house)["total"]["accepted"] == 1);
  house.next_broker();
  CHECK(stats(house)["total"]["accepted"] == 0);
}
