// Of whom the broker looks whether there is news: of the workers that have something to do.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("reports are heard of all that have jobs, also of one that had none before, and not of one that is dead") {
  House house(3);
  Engine& engine = house.broker->engine;
  for (const char* key : {"a", "b", "c"}) house.broker->apply(key);
  house.turn();
  std::vector<shm::Claim> claims;
  for (std::size_t i = 0; i < 3; ++i) {
    auto claim = house.worker(i).claim();
    REQUIRE(claim);
    claims.push_back(*claim);
  }
  CHECK(engine.prepare_to_sleep());
  engine.woke_up();

  house.worker(1).run(claims[1]);
  CHECK_FALSE(engine.prepare_to_sleep());  // there is news
  engine.woke_up();
  house.turn();
  CHECK(engine.prepare_to_sleep());  // and it has been heard
  engine.woke_up();

  CHECK(engine.worker_died(house.worker(0).incarnation, 9, 0) == 1);
  house.turn();
  CHECK(engine.prepare_to_sleep());
  engine.woke_up();

  const auto next = house.broker->apply("d");
  house.turn();
  const auto claim = house.worker(1).claim();
  REQUIRE(claim);
  house.worker(1).run(*claim);
  house.worker(2).run(claims[2]);
  CHECK_FALSE(engine.prepare_to_sleep());
  engine.woke_up();
  house.turn();
  CHECK(next->answer().value("outcome", "") == "succeeded");
  CHECK_FALSE(engine.dispatcher().busy());
  CHECK(engine.prepare_to_sleep());
}
