// Values by job id: as a map has them, whatever comes and goes, and each where it was put.
#include "daemon/broker/core/job_id_map.hpp"

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"

namespace jobpool::broker {
namespace {

using Pairs = std::vector<std::pair<std::uint64_t, int>>;

Pairs all_of(const JobIdMap<int>& map) {
  Pairs pairs;
  map.each([&](JobId id, int value) { pairs.emplace_back(id.value, value); });
  return pairs;
}

TEST_CASE("values by job id are found, changed and walked through as those of a map") {
  std::mt19937 random(11);
  std::map<std::uint64_t, int> model;
  JobIdMap<int> map;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t id = random() % (random() % 8 == 0 ? 100'000 : 400);
    switch (random() % 3) {
      case 0:
        map[JobId{id}] = step;
        model[id] = step;
        break;
      case 1:
        if (model.erase(id) > 0) map.erase(JobId{id});
        break;
      default:
        break;
    }
    const auto known = model.find(id);
    const int* const found = map.find(JobId{id});
    REQUIRE((found != nullptr) == (known != model.end()));
    if (found != nullptr) REQUIRE(*found == known->second);
    REQUIRE(map.size() == model.size());
    REQUIRE(map.empty() == model.empty());
    if (step % 100 == 0) REQUIRE(all_of(map) == Pairs(model.begin(), model.end()));
  }
}

TEST_CASE("an id that was looked for in vain is found once it is there, and not any more when it is gone") {
  // Where it was looked for last is remembered, also that there was no page: of a page that came or went since, that is not true any more.
  JobIdMap<int> map;
  CHECK(map.find(JobId{130}) == nullptr);
  map.add(JobId{130}, 1);
  CHECK(map.contains(JobId{130}));
  CHECK_FALSE(map.contains(JobId{131}));
  map.erase(JobId{130});
  CHECK_FALSE(map.contains(JobId{130}));
  CHECK(map.empty());
  map[JobId{131}] += 2;
  map[JobId{131}] += 2;
  CHECK(*map.find(JobId{131}) == 4);
  CHECK(all_of(map) == Pairs{{131, 4}});  // in a page of the map's, not in the one that is gone
  CHECK_FALSE(map.contains(JobId{130}));
}

TEST_CASE("what is erased is let go at once, and a value stays where it is") {
  const auto owned = std::make_shared<int>(1);
  JobIdMap<std::shared_ptr<int>> map;
  const auto* const place = &map.add(JobId{64}, owned);
  for (std::uint64_t id = 1; id < 10'000; ++id)
    if (id != 64) map.add(JobId{id}, owned);
  for (std::uint64_t id = 1; id < 10'000; ++id)
    if (id != 64) map.erase(JobId{id});
  CHECK(owned.use_count() == 2);
  CHECK(map.find(JobId{64}) == place);
}

}  // namespace
}  // namespace jobpool::broker
