// Conditions before a start: points of time and other jobs' ends.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

Submit after(std::vector<JobId> jobs, Dependency::Needs needs = Dependency::Needs::success) {
  Submit event = CoreDriver::a_submission();
  for (const JobId job : jobs) event.after.push_back({job, needs});
  return event;
}

Submit no_earlier_than(std::int64_t wall_usec) {
  Submit event = CoreDriver::a_submission();
  event.not_before_usec = wall_usec;
  return event;
}

}  // namespace

TEST_CASE("a job with a point of time waits for it by the wall clock, also when that is set back") {
  CoreDriver driver;
  const std::int64_t at = driver.now.wall_usec + 10'000'000;
  const JobId id = driver.submit(no_earlier_than(at));
  CHECK(driver.job(id).state == JobState::waiting);
  CHECK(driver.job(id).waits_for == WaitsFor::time);
  CHECK(driver.core.next_wall_deadline() == at);
  CHECK_FALSE(driver.core.next_deadline().has_value());  // an idle daemon is not woken before
  driver.advance(10s);
  driver.now.wall_usec -= 4'000'000;
  driver.tell(Tick{});
  CHECK(driver.job(id).state == JobState::waiting);
  CHECK(driver.core.next_wall_deadline() == at);
  driver.advance(4s);
  driver.tell(Tick{});
  CHECK(driver.job(id).state == JobState::ready);
  CHECK_FALSE(driver.core.next_wall_deadline().has_value());
}

TEST_CASE("a point of time comes no later for a host that slept meanwhile or had its clock set forward") {
  // The bug: how far away it was by the steady clock was worked out once, so that it came late by as long as the host had slept; where a
  // host without a battery began in 1970 until a time server told it better, it never came.
  CoreDriver driver;
  const JobId id = driver.submit(no_earlier_than(driver.now.wall_usec + 21'600'000'000));
  driver.advance(5min);
  driver.tell(Tick{});
  driver.now.wall_usec += GENERATE(std::int64_t{21'300'000'000}, std::int64_t{1'700'000'000'000'000});
  driver.tell(Tick{});
  CHECK(driver.job(id).state == JobState::ready);
  CHECK_FALSE(driver.core.next_wall_deadline().has_value());
}

TEST_CASE("points of time come in their order, and without those of jobs that have ended meanwhile") {
  CoreDriver driver;
  const std::int64_t from = driver.now.wall_usec;
  const JobId third = driver.submit(no_earlier_than(from + 3)), first = driver.submit(no_earlier_than(from + 1)),
              second = driver.submit(no_earlier_than(from + 2));
  driver.tell(Cancel{first, Cancel::Haste::grace, "no more"});
  CHECK(driver.core.next_wall_deadline() == from + 2);
  driver.now.wall_usec += 2;
  driver.tell(Tick{});
  CHECK(driver.job(second).state == JobState::ready);
  CHECK(driver.job(second).ready_usec == from + 2);
  CHECK(driver.job(third).state == JobState::waiting);
  driver.tell(NotStored{third});
  CHECK_FALSE(driver.core.next_wall_deadline().has_value());
}

TEST_CASE("a point of time in the past is now") {
  CoreDriver driver;
  Submit event = CoreDriver::a_submission();
  event.not_before_usec = driver.now.wall_usec - 1;
  CHECK(driver.job(driver.submit(std::move(event))).state == JobState::ready);
}

TEST_CASE("a job starts when the last of those it waits for has succeeded") {
  CoreDriver driver;
  driver.join(1);
  const JobId a = driver.submit(), b = driver.submit();
  const JobId last = driver.submit(after({b, a, a}));  // named twice is as once
  CHECK(driver.job(last).waits_for == WaitsFor::dependencies);
  REQUIRE(driver.core.dependencies(last) != nullptr);
  CHECK(driver.core.dependencies(last)->back().job == a);
  run(driver, a);
  CHECK(driver.job(last).state == JobState::waiting);
  run(driver, b);
  CHECK(driver.job(last).state == JobState::ready);
  CHECK(driver.core.dependencies(last) == nullptr);
}

TEST_CASE("what waits for a success is skipped when there is none, and says after whom, what waits for the end runs") {
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit();
  const JobId success = driver.submit(after({first})), end = driver.submit(after({first}, Dependency::Needs::end));
  run(driver, first, Ending::exited);
  CHECK(driver.job(success).outcome == Outcome::skipped);
  CHECK(driver.job(success).reason == "it was to run after job 1, which ended failed");
  CHECK(driver.job(success).attempt == 0);
  CHECK(driver.job(end).state == JobState::ready);
  CHECK(driver.job(driver.submit(after({first}))).outcome == Outcome::skipped);  // known when it comes
  CHECK(driver.job(driver.submit(after({first}, Dependency::Needs::end))).state == JobState::ready);
}

TEST_CASE("what waits for a failure runs when there is one, and is skipped when there is none") {
  CoreDriver driver;
  driver.join(1);
  const JobId bad = driver.submit(), good = driver.submit();
  const JobId runs = driver.submit(after({bad}, Dependency::Needs::failure)),
              skipped = driver.submit(after({good}, Dependency::Needs::failure));
  run(driver, bad, Ending::exited);
  CHECK(driver.job(runs).state == JobState::ready);
  run(driver, good);
  CHECK(driver.job(skipped).outcome == Outcome::skipped);
  CHECK(driver.job(skipped).reason == "it was to run when job 2 has failed, and that succeeded");
}

TEST_CASE("a job that nobody knows cannot be waited for") {
  CoreDriver driver;
  driver.tell(after({JobId{99}}));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::no_such_dependency);
  CHECK(driver.find<Refused>()->job == JobId{99});
  CHECK(driver.core.counts().waiting == 0);
}

TEST_CASE("a chain of ten thousand that wait for one another is skipped in one event") {
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit();
  JobId last = first;
  for (int i = 0; i < 10'000; ++i) last = driver.submit(after({last}));
  CHECK(driver.core.counts().waiting == 10'000);
  run(driver, first, Ending::exited);
  CHECK(driver.core.counts().waiting == 0);
  CHECK(driver.job(last).outcome == Outcome::skipped);
}

TEST_CASE("a waiting job that is cancelled is in nobody's books any more, and those after it are skipped") {
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit();
  const JobId middle = driver.submit(after({first})), last = driver.submit(after({middle}));
  driver.tell(Cancel{middle, Cancel::Haste::grace, "no more"});
  CHECK(driver.job(middle).outcome == Outcome::cancelled);
  CHECK(driver.job(last).outcome == Outcome::skipped);
  CHECK(driver.core.dependencies(middle) == nullptr);
  run(driver, first);
  CHECK(driver.find<Changed>()->job == first);
  CHECK(driver.all<Ended>().size() == 1);
}

TEST_CASE("a hundred thousand that wait for the same job end with a drain") {
  // The bug: each was searched for among all that waited, so that the test took as long as all others together.
  CoreDriver driver;
  const JobId first = driver.submit();
  for (int i = 0; i < 100'000; ++i) driver.submit(after({first}));
  driver.tell(Drain{});
  CHECK(driver.core.counts().waiting == 0);
}

TEST_CASE("what was waited for may be removed once it has ended") {
  CoreDriver driver;
  driver.join(1);
  const JobId a = driver.submit(), b = driver.submit();
  const JobId last = driver.submit(after({a, b}));
  run(driver, a);
  driver.tell(Remove{a});
  CHECK(driver.core.find(a) == nullptr);
  run(driver, b);
  CHECK(driver.job(last).state == JobState::ready);
}
