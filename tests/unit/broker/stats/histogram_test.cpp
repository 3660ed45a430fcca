// What many durations were, out of a fixed number of buckets.
#include "daemon/broker/stats/histogram.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/seed.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("a histogram of nothing has nothing, and of one has that one") {
  Histogram histogram;
  CHECK(histogram.summary().count == 0);
  CHECK(histogram.summary().p99 == Microseconds{0});
  histogram.add(Microseconds{1'234'567});
  const auto one = histogram.summary();
  CHECK(one.count == 1);
  for (const Microseconds time : {one.mean, one.min, one.max, one.p50, one.p90, one.p99}) CHECK(time == Microseconds{1'234'567});
}

TEST_CASE("small durations are counted exactly, negative ones as none, and endless ones are the largest") {
  Histogram histogram;
  for (int usec = 1; usec <= 15; ++usec) histogram.add(Microseconds{usec});
  CHECK(histogram.summary().p50 == Microseconds{8});
  CHECK(histogram.summary().p99 == Microseconds{15});
  Histogram edges;
  edges.add(Microseconds{-5});
  edges.add(Microseconds::max());
  CHECK(edges.summary().min == Microseconds{0});
  CHECK(edges.summary().max == Microseconds::max());
  CHECK(edges.summary().p50 == Microseconds{0});
  CHECK(edges.summary().p99 == Microseconds::max());
}

TEST_CASE("quantiles are within a sixteenth of the true ones, over many orders of magnitude") {
  const unsigned seed = testing::any_seed();
  INFO("JOBPOOL_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  Histogram histogram, half;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t usec = static_cast<std::int64_t>(random() >> (24 + random() % 40));
    all.push_back(usec);
    (i % 2 == 0 ? histogram : half).add(Microseconds{usec});
  }
  histogram.add(half);
  std::ranges::sort(all);
  const auto summary = histogram.summary();
  CHECK(summary.count == all.size());
  CHECK(summary.min.count() == all.front());
  CHECK(summary.max.count() == all.back());
  const std::pair<Microseconds, std::size_t> quantiles[] = {{summary.p50, 50}, {summary.p90, 90}, {summary.p99, 99}};
  for (const auto& [told, hundredths] : quantiles) {
    const std::int64_t truth = all[(all.size() * hundredths + 99) / 100 - 1];
    INFO(hundredths);
    CHECK(told.count() >= truth);
    CHECK(told.count() <= truth + truth / 16 + 1);
  }
}

TEST_CASE("between two bounds is what took less than the upper one and not less than the lower one") {
  Histogram histogram;
  for (const std::int64_t usec : {0, 15, 16, 31, 32, 16'777'215, 16'777'216}) histogram.add(Microseconds{usec});
  histogram.add(std::chrono::hours{24 * 400});
  const auto bounds = Histogram::bounds();
  CHECK(std::ranges::is_sorted(bounds));
  CHECK(bounds[0] == Microseconds{16});
  CHECK(bounds[20] == Microseconds{16'777'216});
  CHECK(bounds[21] == Microseconds{4 * 16'777'216});
  const auto between = histogram.between_bounds();
  CHECK(between[0] == 2);
  CHECK(between[1] == 2);
  CHECK(between[2] == 1);
  CHECK(between[20] == 1);
  CHECK(between[21] == 1);
  CHECK(between.back() == 1);
  CHECK(std::accumulate(between.begin(), between.end(), std::uint64_t{0}) == 8);
}
