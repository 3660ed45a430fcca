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

namespace {

// All that is offered, each in no time at all.
std::size_t run_at_once(House& house) {
  std::size_t count = 0;
  while (auto claim = house.worker().claim()) {
    Report report;
    report.ended_usec = wall_usec();
    house.worker().report_start(*claim, report.ended_usec);
    house.worker().report(*claim, report);
    ++count;
    house.turn();
    house.broker->engine.ring_bells();
  }
  return count;
}

}  // namespace

TEST_CASE("a worker that gets several jobs at once is woken before the turn's end, and one that gets a few is not") {
  House house(1);
  auto* const control = house.worker().map_part<shm::Control>(&shm::SegmentFds::control);
  const auto bells_of_a_turn_with = [&](std::size_t jobs) {
    for (std::size_t i = 0; i < jobs; ++i) house.broker->apply(std::to_string(jobs) + "." + std::to_string(i));
    const std::uint32_t before = control->bell.load();
    control->sleeping.store(1);  // as the worker does before it waits
    house.turn();                // without what the loop does behind it: the bell for all
    const std::uint32_t bells = control->bell.load() - before;
    house.broker->engine.ring_bells();
    CHECK(control->bell.load() - before == bells + 1);  // what was offered behind it may have found the worker asleep again
    control->sleeping.store(0);
    CHECK(run_at_once(house) == jobs);
    return bells;
  };
  CHECK(bells_of_a_turn_with(100) == 0);  // nobody knows how short they are: two are offered
  CHECK(bells_of_a_turn_with(99) == 1);
  CHECK(bells_of_a_turn_with(3) == 0);
}
