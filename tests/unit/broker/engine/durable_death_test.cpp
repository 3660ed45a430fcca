// Brokers and hosts die around each commit of a durable job: what was told stays true, and nothing is started twice unasked.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::string durable(const std::string& more = "") { return R"({"job":{"function":"square","arguments":"[7]","key":"k")" + more + "}}"; }

const Job* first_job(House& house) { return house.broker->engine.core().find(JobId{1}); }

void accept(House& house, const std::string& more = "") {
  house.broker->call("Pool.ApplyAsync", durable(more));
  house.turn();
  house.commit();
}

shm::Claim start(House& house) {
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  return *claim;
}

void settle(House& house) {
  house.turn();
  house.commit();
  house.turn();
  house.commit();
}

void check_succeeds(House& house, std::size_t claims) {
  settle(house);
  while (auto claim = house.worker().claim()) house.worker().run(*claim);
  settle(house);
  REQUIRE(first_job(house) != nullptr);
  CHECK(first_job(house)->settled);
  CHECK(first_job(house)->outcome == Outcome::succeeded);
  CHECK(house.claims() == claims);
  const auto get = house.broker->call("Job.Get", R"({"id":1})");
  house.commit();
  CHECK(get->answer().value("result", "") == "49");
}

}  // namespace

TEST_CASE("a job whose acceptance was not committed was never told of, and is gone with its broker") {
  House house;
  const auto call = house.broker->call("Pool.ApplyAsync", durable());
  house.turn();
  house.next_broker();
  CHECK(call->answers == 0);
  CHECK(first_job(house) == nullptr);
}

TEST_CASE("an accepted job survives its broker and its host, offered or not") {
  const bool offered = GENERATE(false, true), host = GENERATE(false, true);
  House house(offered && !host ? 1 : 0);
  accept(house);
  host ? house.next_host() : house.next_broker();
  if (house.workers.empty()) house.hire();
  check_succeeds(house, 1);
}

TEST_CASE("a started job goes on when its broker dies, and its end is told once it is stored") {
  House house;
  accept(house);
  const auto claim = start(house);
  SECTION("before it ends") {
    house.next_broker();
    house.worker().report_end(claim);
  }
  SECTION("with its end in the ring") {
    house.worker().report_end(claim);
    house.next_broker();
  }
  SECTION("with its end in the ledger, not in the store") {
    house.worker().report_end(claim);
    house.turn();
    house.next_broker();
    CHECK_FALSE(first_job(house)->settled);
  }
  SECTION("with its end in the store") {
    house.worker().report_end(claim);
    house.turn();
    house.store.step();
    house.next_broker();
  }
  check_succeeds(house, 1);
}

TEST_CASE("a job whose host died after its attempt was recorded is interrupted, or tried again if that was asked for") {
  const bool retried = GENERATE(false, true);
  House house;
  accept(house, retried ? R"(,"retries":1,"backoffUSec":0)" : "");
  start(house);
  house.next_host();
  if (retried) {
    check_succeeds(house, 1);  // by the new worker
    CHECK(first_job(house)->attempt == 2);
    CHECK(first_job(house)->earlier.at(0).outcome == Outcome::interrupted);
    return;
  }
  settle(house);
  CHECK(first_job(house)->settled);
  CHECK(first_job(house)->outcome == Outcome::interrupted);
  CHECK(house.claims() == 0);
}

TEST_CASE("a cancel of a durable job outlives the broker that it was put to") {
  // The bug: it was put down, and not looked at for jobs that the store has as well.
  House house;
  accept(house, R"(,"retries":3)");
  Job stopped = *first_job(house);
  stopped.reason = "somebody cancelled it";
  house.broker->engine.ledger().note_stop(stopped);  // and there the broker died, before its revoke
  auto* control = house.worker().map_part<shm::Control>(&shm::SegmentFds::control);
  SECTION("it is still an offer") {}
  SECTION("its slot is free") { control->word[0].store(shm::pack(shm::sequence_of(control->word[0].load()), shm::SlotState::empty)); }
  house.next_broker();
  settle(house);
  CHECK(house.claims() == 0);
  CHECK_FALSE(house.worker().claim());
  CHECK(first_job(house)->outcome == Outcome::cancelled);
  CHECK(first_job(house)->reason == "somebody cancelled it");
}

TEST_CASE("a dead worker's slot with an earlier attempt is not taken for the current one") {
  House house;
  accept(house, R"(,"retries":1,"backoffUSec":0)");
  start(house);
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  house.hire();
  settle(house);
  const auto claim = house.worker(1).claim();
  REQUIRE(claim);
  house.worker(1).report_start(*claim);
  house.turn();
  house.next_broker();  // both are handed over
  CHECK(first_job(house)->attempt == 2);
  CHECK(first_job(house)->worker == house.worker(1).incarnation);
  house.broker->engine.worker_died(house.worker(0).incarnation, 9, 0);
  CHECK(first_job(house)->state == JobState::running);
  house.worker(1).report_end(*claim);
  settle(house);
  CHECK(first_job(house)->outcome == Outcome::succeeded);
}

TEST_CASE("the end of the daemon or its host is not the end of a worker that a job took along") {
  // The bug: three restarts while a job ran made its next failure poison.
  House house;
  accept(house, R"(,"retries":9,"backoffUSec":0)");
  for (int i = 0; i < 4; ++i) {
    settle(house);
    start(house);
    house.next_host();
    settle(house);
  }
  CHECK(first_job(house)->workers_killed == 0);
  start(house);
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  CHECK(first_job(house)->state != JobState::done);
}

TEST_CASE("what waits for a job that has succeeded runs also when that one was removed and the daemon started anew") {
  // The bug: nothing was left to tell how it had ended, and the one that had waited for it was skipped.
  House house;
  accept(house);
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","after":[1],"delayUSec":3600000000}})");
  settle(house);
  while (auto claim = house.worker().claim()) house.worker().run(*claim);
  settle(house);
  const auto remove = house.broker->call("Job.Remove", R"({"ids":[1]})");
  CHECK(remove->answers == 0);  // not before it is durable: else the removed job could come back
  settle(house);
  CHECK(remove->parameters == R"({"removed":[1]})");
  house.next_host();
  CHECK(first_job(house) == nullptr);
  const Job* second = house.broker->engine.core().find(JobId{2});
  REQUIRE(second != nullptr);
  CHECK(second->state == JobState::waiting);
  CHECK(second->waits_for == WaitsFor::time);
}

TEST_CASE("a job that had started is not started again by the next broker, whatever its worker has made of its slot") {
  // The bug: a worker that put its word back, after it had said that it began, had the job run again as attempt 1, without any retries.
  const auto word = GENERATE(shm::SlotState::offered, shm::SlotState::empty, shm::SlotState::revoked);
  const bool durable = GENERATE(true, false);
  House house;
  if (durable) {
    accept(house);
  } else {
    house.broker->call("Pool.ApplyAsync", R"({"job":{"durable":false,"function":"square","arguments":"[7]"}})");
    house.turn();
  }
  start(house);
  auto* control = house.worker().map_part<shm::Control>(&shm::SegmentFds::control);
  control->word[0].store(shm::pack(shm::sequence_of(control->word[0].load()), word));
  SECTION("the worker dies first") { house.broker->engine.worker_died(house.worker().incarnation, 9, 0); }
  SECTION("the broker dies first") {
    house.next_broker();
    house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  }
  house.workers.clear();
  house.next_broker();
  house.hire();
  settle(house);
  REQUIRE(first_job(house) != nullptr);
  CHECK(first_job(house)->state == JobState::done);
  CHECK((first_job(house)->outcome == Outcome::interrupted || first_job(house)->outcome == Outcome::crashed));
  CHECK(house.claims() == 0);
  CHECK_FALSE(house.worker().claim());
}

TEST_CASE("the grace that a cancel shortened outlives its broker") {
  // The bug: of a durable job the store's grace held again, so that a cancel at once took as long as the job was ever given.
  House house;
  accept(house, R"(,"graceUSec":20000000)");
  start(house);
  Job stopped = *first_job(house);
  stopped.grace = Microseconds{0};
  house.broker->engine.ledger().note_stop(stopped);  // and there the broker died
  house.next_broker();
  CHECK(first_job(house)->stop == StopRequest::cancel);
  CHECK(first_job(house)->grace == Microseconds{0});
}
