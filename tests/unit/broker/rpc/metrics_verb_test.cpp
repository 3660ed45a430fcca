// Metrics: one snapshot of what Status and Stats tell, and times for whoever adds them up.
#include <numeric>

#include "proto/metrics_messages.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("metrics are status, stats and times of each pool, and how long commits took") {
  House house;
  submit_done(house, kSquare);
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  house.commit();
  const auto metrics = proto::read_metrics(text_of(parsed(house.broker->call("Pool.Metrics", "{}")->parameters)));
  REQUIRE(metrics);
  REQUIRE(metrics->pools.size() == 1);
  const proto::PoolMetrics& pool = metrics->pools.front();
  CHECK(pool.status.name == "default");
  CHECK(pool.status.workers == 1);
  CHECK(pool.stats.accepted == 2);
  const auto counted = [](const proto::Times& times) { return std::accumulate(times.counts.begin(), times.counts.end(), std::int64_t{0}); };
  CHECK(counted(pool.queueing) == 1);
  CHECK(counted(pool.running) == 1);
  CHECK(counted(pool.end_to_end) == 1);
  CHECK(pool.end_to_end.sum_usec >= pool.running.sum_usec);
  CHECK(counted(metrics->commits) >= 1);
  CHECK(metrics->store.database_bytes == 0);
  CHECK(house.broker->call("Pool.Metrics", R"({"x":1})")->error_name == proto::error::kInvalidParameter);
}
