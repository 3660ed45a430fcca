// How many ended jobs are kept, and how long.
#include <limits>

#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

// Ended under another broker.
void inherit(CoreDriver& driver, std::uint64_t id, std::int64_t ended_usec) {
  Inherited old;
  old.job.id = JobId{id};
  old.job.mode = Mode::apply_async;
  old.job.outcome = Outcome::succeeded;
  old.job.ended_usec = ended_usec;
  driver.tell(std::move(old));
}

JobId run_one(CoreDriver& driver) {
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  driver.report(id, Ending::returned, 0, 0);
  return id;
}

}  // namespace

TEST_CASE("an ended job is kept for its time and not longer") {
  CoreLimits limits;
  limits.kept_for = 2h;
  CoreDriver driver{limits};
  driver.join(1);
  const JobId id = run_one(driver);
  driver.end_turn();
  // The bug: a daemon that had nothing to do kept it until somebody called.
  CHECK(driver.core.next_deadline() == driver.now.steady + 2h + 1us);
  driver.advance(2h);
  driver.end_turn();
  CHECK(driver.core.find(id) != nullptr);
  driver.advance(1ms);
  driver.end_turn();
  CHECK(driver.core.find(id) == nullptr);
}

TEST_CASE("an apply whose key somebody chose, or that is on disk, is kept as long as those of apply-async") {
  // The bug: a thousand further applies of anybody made it forgotten, and the same key ran it again.
  const std::string of_a_call = "0123456789abcdef0123456789abcdef";
  const bool is_inherited = GENERATE(false, true);
  CoreLimits limits;
  limits.kept_apply = 1;
  CoreDriver driver{limits};
  driver.join(1);
  std::uint64_t id = 10;
  const auto run_apply = [&](const std::string& key, bool durable) {
    Submit event = CoreDriver::a_submission(key);
    event.mode = Mode::apply;
    event.flags.durable = durable;
    if (is_inherited) {
      Job job;
      static_cast<Terms&>(job) = event;
      job.id = JobId{++id};
      job.key = event.key;
      driver.tell(Inherited{std::move(job), {}, Inherited::Place::ended});
      driver.advance(11s);  // nobody comes back for it
      driver.tell(Tick{});
      return JobId{id};
    }
    const JobId fresh = driver.submit(std::move(event));
    run(driver, fresh);
    driver.tell(Delivered{fresh});
    return fresh;
  };
  const JobId chosen = run_apply("nightly", false), chunk = run_apply("nightly-17", false), stored = run_apply(of_a_call, true);
  const JobId plain = run_apply("", false), call = run_apply(of_a_call + "-17", false), last = run_apply("", false);
  driver.end_turn();
  for (const JobId kept : {chosen, chunk, stored, last}) CHECK(driver.core.find(kept) != nullptr);
  for (const JobId forgotten : {plain, call}) CHECK(driver.core.find(forgotten) == nullptr);
  driver.tell(Remove{chosen});
  CHECK(driver.core.find(chosen) == nullptr);
}

TEST_CASE("an apply that goes on without its caller is kept as long as those of apply-async") {
  // The bug: the caller was told its id and how to collect it, and after a thousand applies of others, or one with a large result, it was
  // forgotten.
  CoreLimits limits;
  limits.kept_apply = 0;
  CoreDriver driver{limits};
  driver.join(1);
  Submit event = CoreDriver::a_submission("");
  event.mode = Mode::apply;
  event.flags.detach = true;
  const JobId id = driver.submit(std::move(event));
  run(driver, id);
  driver.tell(Delivered{id});
  driver.end_turn();
  CHECK(driver.core.find(id) != nullptr);
  driver.tell(Remove{id});
  CHECK(driver.core.find(id) == nullptr);
}

TEST_CASE("those that were removed do not count among those that are kept") {
  // The bug: their entries counted, so that others were forgotten long before there were too many.
  CoreLimits limits;
  limits.kept_async = 2;
  CoreDriver driver{limits};
  driver.join(1);
  const JobId first = run_one(driver), second = run_one(driver);
  driver.tell(Remove{second});
  const JobId third = run_one(driver);
  driver.end_turn();
  CHECK(driver.core.find(first) != nullptr);
  CHECK(driver.core.find(third) != nullptr);
  const JobId fourth = run_one(driver);
  driver.end_turn();
  CHECK(driver.core.find(first) == nullptr);
  CHECK(driver.core.find(third) != nullptr);
  CHECK(driver.core.find(fourth) != nullptr);
  CHECK(driver.core.counts().done == 2);
}

TEST_CASE("entries of removed jobs do not pile up behind one that is kept") {
  EndedQueue queue;
  queue.push_back(JobId{1});
  const auto is_known = [](JobId id) { return id == JobId{1} || id == JobId{20'000}; };
  for (std::uint64_t id = 2; id < 20'000; ++id) {
    queue.push_back(JobId{id});
    queue.removed_one(is_known);
  }
  queue.push_back(JobId{20'000});
  CHECK(queue.size() == 2);
  CHECK(queue.front(is_known) == JobId{1});
  queue.pop_front();
  CHECK(queue.front(is_known) == JobId{20'000});
  queue.pop_front();
  CHECK_FALSE(queue.front(is_known).has_value());
}

TEST_CASE("only what has settled is removed, once") {
  CoreDriver driver;
  driver.settles = false;
  driver.join(1);
  const JobId id = driver.submit(CoreDriver::a_submission("k", 1));
  driver.tell(Remove{id});
  driver.end_turn();
  driver.tell(Remove{id});
  driver.report(id);
  driver.tell(Remove{id});
  CHECK(driver.effects.empty());
  driver.tell(Settled{id});
  driver.tell(Remove{id});
  CHECK(driver.all<Forgotten>().size() == 1);
  CHECK(driver.core.counts().done == 0);
  driver.tell(Remove{id});
  CHECK(driver.effects.empty());
  CHECK(driver.submit(CoreDriver::a_submission("k", 1)) != id);
}

// A worker whose memory was spoiled said that its job had ended in 1970, or in the year 294,247: it was forgotten at once, or the sum that
// says when overflowed.
TEST_CASE("what a worker says of the time of an end is bounded by what can be") {
  CoreLimits limits;
  limits.kept_for = 2h;
  for (const std::int64_t word : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    CoreDriver driver{limits};
    driver.join(1);
    const JobId id = driver.submit();
    driver.end_turn();
    driver.start(id);
    ReportView report;
    report.ending = Ending::returned;
    report.ended_usec = word;
    driver.tell(Reported{id, &report});
    driver.end_turn();
    REQUIRE(driver.core.find(id) != nullptr);
    REQUIRE(driver.core.next_deadline());
    CHECK(*driver.core.next_deadline() > driver.now.steady + 1h);
    CHECK(*driver.core.next_deadline() < driver.now.steady + 3h);
  }
}

TEST_CASE("a wall clock that is set forward makes no ended job old, and one that is set back keeps none for longer") {
  // The bug: the first answer of a time server forgot all ended jobs at once, and their keys with them.
  CoreLimits limits;
  limits.kept_for = 2h;
  CoreDriver driver{limits};
  driver.join(1);
  const JobId id = run_one(driver);
  driver.now.wall_usec += GENERATE(-1, 1) * std::int64_t{900'000'000'000};
  driver.advance(2h);
  driver.end_turn();
  CHECK(driver.core.find(id) != nullptr);
  driver.advance(1ms);
  driver.end_turn();
  CHECK(driver.core.find(id) == nullptr);
}

TEST_CASE("of a job from before this broker the wall clock says how long it has been kept") {
  CoreLimits limits;
  limits.kept_for = 2h;
  for (const auto& [ago, left] : {std::pair{30min, 90min}, std::pair{-30min, 120min}, std::pair{5'000min, 0min}}) {
    CoreDriver driver{limits};
    Inherited old;
    old.job.id = JobId{1};
    old.job.mode = Mode::apply_async;
    old.job.outcome = Outcome::succeeded;
    old.job.ended_usec = driver.now.wall_usec + 100'000'000'000 - std::chrono::duration_cast<Microseconds>(ago).count();
    driver.now.wall_usec += 100'000'000'000;
    driver.tell(std::move(old));
    driver.now.wall_usec += 900'000'000'000;
    driver.advance(left);
    driver.end_turn();
    CHECK(driver.core.find(JobId{1}) != nullptr);
    driver.advance(1ms);
    driver.end_turn();
    CHECK(driver.core.find(JobId{1}) == nullptr);
  }
}

TEST_CASE("a restart forgets in the order of ends and not of ids") {
  // The bug: what an earlier broker left was to be forgotten in the order in which it was told, by ids: a long job that had ended last was
  // forgotten first, with its result.
  CoreLimits limits;
  limits.kept_async = 3;
  CoreDriver driver{limits};
  driver.join(1);
  const std::int64_t last = driver.now.wall_usec;
  driver.now.wall_usec += GENERATE(0, -500'000'000);  // the host may have begun with a clock that is behind
  driver.tell(RecoveryBegun{});
  inherit(driver, 1, last);
  inherit(driver, 2, last - 20'000'000);
  inherit(driver, 3, last - 10'000'000);
  driver.tell(RecoveryDone{});
  const JobId fourth = run_one(driver);
  driver.end_turn();
  CHECK(driver.core.find(JobId{2}) == nullptr);
  for (const JobId id : {JobId{1}, JobId{3}, fourth}) CHECK(driver.core.find(id) != nullptr);
}

TEST_CASE("after a restart a young job with a small id keeps none of those that are too old") {
  // The bug: whoever is first in the order of ids was looked at alone.
  CoreLimits limits;
  limits.kept_for = 2h;
  CoreDriver driver{limits};
  driver.tell(RecoveryBegun{});
  driver.now.wall_usec += 3'600'000'000;
  inherit(driver, 1, driver.now.wall_usec);
  inherit(driver, 2, driver.now.wall_usec - 3'600'000'000);
  driver.tell(RecoveryDone{});
  driver.advance(1h + 1s);
  driver.end_turn();
  CHECK(driver.core.find(JobId{1}) != nullptr);
  CHECK(driver.core.find(JobId{2}) == nullptr);
}
