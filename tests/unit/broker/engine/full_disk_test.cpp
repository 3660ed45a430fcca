// The disk is full: new durable jobs are refused, nothing else is.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

const std::string kStoreFull = "org.jobpool.Pool.StoreFull";

FakeCallPtr submit_durable(House& house, const std::string& more = "") {
  return house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]")" + more + "}}");
}

}  // namespace

TEST_CASE("a job that finds the disk full is refused, later ones at once, and taken again when there is room") {
  House house;
  house.store.become_full();
  const auto first = submit_durable(house);
  house.turn();
  CHECK(first->answers == 0);
  house.commit();
  CHECK(first->error_name == kStoreFull);
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
  CHECK(submit_durable(house)->error_name == kStoreFull);
  const auto ephemeral = house.broker->call("Pool.ApplyAsync", FakeBroker::submission("e"));
  CHECK(ephemeral->error_name.empty());
  house.store.make_room();
  house.commit();
  const auto again = submit_durable(house);
  house.turn();
  house.commit();
  CHECK(again->error_name.empty());
  CHECK(again->answers == 1);
}

TEST_CASE("who comes with the key of a job that is then not stored is refused with it") {
  // The bug: they were told that there is no such job, under an id that nobody had been given.
  House house;
  house.store.become_full();
  const auto first = submit_durable(house, R"(,"key":"k")"), second = submit_durable(house, R"(,"key":"k")");
  house.turn();
  house.commit();
  CHECK(first->error_name == kStoreFull);
  CHECK(second->error_name == kStoreFull);
}

TEST_CASE("what was said of a job before it was known not to be stored is not put to the store") {
  // The bug: its end was in the turn's batch when the store refused it; the store took that for damage, and the daemon ended.
  House house(0);
  house.store.become_full();
  const auto call = submit_durable(house);
  house.turn();
  house.store.step();
  house.broker->engine.tell(Cancel{JobId{1}, Cancel::Haste::grace, "no more"});
  house.broker->engine.journal().collect();
  CHECK(call->error_name == kStoreFull);
  house.store.make_room();
  house.turn();
  house.commit();
  CHECK_FALSE(house.broker->engine.journal().is_busy());  // what waited for that batch has its turn
  const auto again = submit_durable(house);
  house.turn();
  house.commit();
  CHECK(again->error_name.empty());
}

TEST_CASE("jobs that wait for one that was not stored are refused with it, an ephemeral one is skipped") {
  House house(0);
  house.store.become_full();
  const auto first = submit_durable(house), second = submit_durable(house, R"(,"after":[1])");
  const auto third = submit_durable(house, R"(,"after":[2],"durable":false)");
  house.turn();
  house.commit();
  CHECK(first->error_name == kStoreFull);
  CHECK(second->error_name == kStoreFull);
  CHECK(third->error_name.empty());
  CHECK(house.broker->engine.core().find(JobId{3})->outcome == Outcome::skipped);
  house.store.make_room();
  house.turn();
  house.commit();
  CHECK_FALSE(house.broker->engine.journal().is_busy());
}

TEST_CASE("whoever waits for a job that is then not stored is told that there is none") {
  // The bug: they waited for ever; `list` shows such a job for the length of a commit.
  House house(0);
  house.store.become_full();
  submit_durable(house);
  house.turn();
  const auto get = house.broker->call("Job.Get", R"({"id":1})"), wait = house.broker->call("Job.Wait", R"({"ids":[1]})");
  CHECK(get->answers + wait->answers == 0);
  house.commit();
  for (const auto& call : {get, wait}) {
    CHECK(call->error_name == "org.jobpool.Job.NoSuchJob");
    CHECK(call->answers == 1);
  }
}

TEST_CASE("a disk on which nothing can be recorded keeps durable jobs ready, and no worker from ephemeral ones") {
  // The bug: durable jobs whose attempts could not be recorded held all workers, for as long as the disk was full.
  // (And one of the test: it waited for a millisecond, which had passed on a busy machine before the store was stuck.)
  House house;
  const auto waits = submit_durable(house, R"(,"delayUSec":3600000000)");
  house.turn();
  house.commit();
  REQUIRE(waits->answers == 1);
  const JobId id{1};
  house.store.become_stuck();
  house.broker->ahead = std::chrono::hours(1);
  house.broker->engine.audit();
  house.turn();
  CHECK(house.broker->engine.core().find(id)->offered);  // it waits for the record of its attempt
  house.commit();
  CHECK_FALSE(house.broker->engine.core().find(id)->offered);
  const auto ephemeral = house.broker->apply("e");
  house.run_all();
  CHECK(ephemeral->answer().value("outcome", "") == "succeeded");
  CHECK(house.broker->engine.core().find(id)->state == JobState::ready);
  house.store.make_room();
  house.commit();
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  CHECK(claim->job == id);
}
