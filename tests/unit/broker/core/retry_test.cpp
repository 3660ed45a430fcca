// Attempts: when another follows, after which pause, and what is written down of those that ended.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

Submit with_retries(std::uint16_t retries, Microseconds backoff = 0us) {
  Submit event = CoreDriver::a_submission();
  event.retries = retries;
  event.backoff = backoff;
  return event;
}

void fail(CoreDriver& driver, JobId job) {
  driver.end_turn();
  driver.start(job);
  driver.report(job, Ending::threw, 0, 0);
}

void lose_worker(CoreDriver& driver, JobId job, std::uint64_t worker) {
  driver.join(worker);
  driver.end_turn();
  driver.start(job);
  driver.tell(WorkerLost{Incarnation{worker}, {}, {job}, 9, 0});
}

Microseconds pause_of(const CoreDriver& driver, JobId job) {
  return std::chrono::duration_cast<Microseconds>(driver.job(job).due - driver.now.steady);
}

}  // namespace

TEST_CASE("a job is tried again until its retries are used up, and every attempt is written down") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_retries(2));
  fail(driver, id);
  REQUIRE(driver.find<AttemptEnded>() != nullptr);
  CHECK(driver.find<AttemptEnded>()->attempt->number == 1);
  CHECK(driver.find<Ended>() == nullptr);
  CHECK(driver.job(id).state == JobState::ready);
  CHECK(driver.job(id).started_usec == 0);
  fail(driver, id);
  fail(driver, id);
  CHECK(driver.find<AttemptEnded>() == nullptr);
  CHECK(driver.job(id).outcome == Outcome::failed);
  CHECK(driver.job(id).attempt == 3);
  REQUIRE(driver.job(id).earlier.size() == 2);
  CHECK(driver.job(id).earlier[1].number == 2);
  CHECK(driver.job(id).earlier[1].outcome == Outcome::failed);
  CHECK(driver.job(id).earlier[1].pid == 4711);
}

TEST_CASE("the pause doubles with each attempt, within a quarter, and is never longer than an hour and a quarter") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_retries(20, 10s));
  Microseconds expected = 10s;
  for (int attempt = 1; attempt <= 20; ++attempt) {
    fail(driver, id);
    CHECK(driver.job(id).waits_for == WaitsFor::retry);
    const Microseconds pause = pause_of(driver, id);
    CHECK(pause >= expected * 3 / 4);
    CHECK(pause <= expected * 5 / 4);
    expected = std::min<Microseconds>(expected * 2, 1h);
    driver.advance(std::chrono::ceil<std::chrono::milliseconds>(pause));
    driver.tell(Tick{});
    REQUIRE(driver.job(id).state == JobState::ready);
  }
}

TEST_CASE("jobs that failed together are not tried together again") {
  CoreDriver driver;
  driver.join(1);
  const JobId a = driver.submit(with_retries(1, 100s)), b = driver.submit(with_retries(1, 100s));
  fail(driver, a);
  fail(driver, b);
  CHECK(driver.job(a).due != driver.job(b).due);
}

TEST_CASE("a clock that was set back, or a worker's lie about it, makes no pause longer") {
  // The bug: the pause was counted from the end as it had been put down: a year ahead, if the clock had been wrong by a year.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_retries(1, 10s));
  driver.end_turn();
  driver.start(id);
  driver.report(id, Ending::threw, 0, std::int64_t{1} << 60);
  CHECK(pause_of(driver, id) <= 12'500ms);
}

TEST_CASE("a job that is cancelled while it waits for its retry has no more attempts") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_retries(3, 10s));
  fail(driver, id);
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  CHECK(driver.job(id).outcome == Outcome::cancelled);
  CHECK(driver.job(id).attempt == 1);
  CHECK_FALSE(driver.core.next_deadline().has_value());
}

TEST_CASE("a success and a cancel are not tried again") {
  CoreDriver driver;
  driver.join(1);
  const JobId well = driver.submit(with_retries(3));
  driver.end_turn();
  driver.report(well);
  CHECK(driver.job(well).outcome == Outcome::succeeded);
  const JobId stopped = driver.submit(with_retries(3));
  driver.end_turn();
  driver.start(stopped);
  driver.tell(Cancel{stopped, Cancel::Haste::grace, "no more"});
  driver.report(stopped, Ending::signalled, 15);
  CHECK(driver.job(stopped).outcome == Outcome::cancelled);
}

TEST_CASE("while the daemon goes down a durable job keeps its retries, an ephemeral one ends") {
  CoreDriver driver;
  driver.join(1);
  driver.join(2);
  Submit kept = with_retries(1);
  kept.flags.durable = true;
  const JobId durable = driver.submit(std::move(kept)), ephemeral = driver.submit(with_retries(1));
  driver.end_turn();
  driver.start(durable);
  driver.start(ephemeral);
  driver.tell(Drain{});
  driver.report(durable, Ending::threw);
  CHECK(driver.job(durable).state == JobState::ready);
  driver.report(ephemeral, Ending::threw);
  CHECK(driver.job(ephemeral).outcome == Outcome::failed);
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
  CHECK(driver.find<Drained>() != nullptr);
}

TEST_CASE("the third worker that dies of a job is the last") {
  CoreDriver driver;
  const JobId id = driver.submit(with_retries(9));
  for (const std::uint64_t worker : {1, 2}) {
    lose_worker(driver, id, worker);
    CHECK(driver.job(id).state == JobState::ready);
  }
  lose_worker(driver, id, 3);
  CHECK(driver.job(id).outcome == Outcome::poison);
  CHECK(driver.job(id).earlier.size() == 2);
  CHECK(took_worker_along(driver.job(id).earlier[0]));
}

TEST_CASE("of very many attempts the first and the last are kept") {
  // The bug: all of them were, up to ten thousand with a reason each, for as long as the job was remembered.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_retries(1'000));
  for (int attempt = 0; attempt < 1'001; ++attempt) fail(driver, id);
  const Job& job = driver.job(id);
  CHECK(job.outcome == Outcome::failed);
  CHECK(job.attempt == 1'001);
  REQUIRE(job.earlier.size() == kMostEarlier);
  CHECK(job.earlier.front().number == 1);
  CHECK(job.earlier[kMostEarlier / 2 - 1].number == kMostEarlier / 2);
  CHECK(job.earlier[kMostEarlier / 2].number == 1'000 - kMostEarlier / 2 + 1);
  CHECK(job.earlier.back().number == 1'000);
}
