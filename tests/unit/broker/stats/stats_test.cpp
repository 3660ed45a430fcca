// Counts of a pool: what is added where, and what of it a pool's end takes along.
#include "daemon/broker/stats/stats.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

Job ended_job(std::uint16_t pool, Outcome outcome) {
  Job job;
  job.pool = PoolNumber{pool};
  job.outcome = outcome;
  job.submitted_usec = 700;
  job.ready_usec = 1'000;
  job.started_usec = 1'500;
  job.ended_usec = 3'500;
  return job;
}

}  // namespace

TEST_CASE("jobs are counted by pool and outcome, with the times of their attempts") {
  Stats stats;
  CHECK(stats.find(PoolNumber{0}) == nullptr);
  const Job well = ended_job(0, Outcome::succeeded), badly = ended_job(3, Outcome::failed);
  stats.accepted(well, 100);
  stats.started(well, 100);
  stats.ended(well, 101);
  stats.ended(badly, 101);
  stats.revoked(badly);
  Attempt attempt;
  attempt.started_usec = 10;
  attempt.ended_usec = 17;
  attempt.ready_usec = kReadyUnknown;
  stats.retried(badly, attempt);
  const PoolCounts& first = *stats.find(PoolNumber{0});
  CHECK(first.accepted == 1);
  CHECK(first.started == 1);
  CHECK(first.ended[0] == 1);
  CHECK(first.queueing.summary().mean == Microseconds{500});
  CHECK(first.running.summary().mean == Microseconds{2'000});
  CHECK(first.end_to_end.summary().mean == Microseconds{2'800});
  const PoolCounts& third = *stats.find(PoolNumber{3});
  CHECK(third.ended[1] == 1);
  CHECK(third.retried == 1);
  CHECK(third.revoked == 1);
  CHECK(third.queueing.summary().count == 1);  // of the attempt nobody knows since when it was ready
  CHECK(third.running.summary().min == Microseconds{7});
  CHECK(stats.total().ended[0] + stats.total().ended[1] == 2);
}

TEST_CASE("a job that never ran has no times") {
  Stats stats;
  Job job = ended_job(0, Outcome::cancelled);
  job.started_usec = 0;
  stats.ended(job, 1);
  CHECK(stats.find(PoolNumber{0})->running.summary().count == 0);
  CHECK(stats.find(PoolNumber{0})->ended[4] == 1);
}

TEST_CASE("a pool that is gone leaves its counts to the total, and its number to another") {
  Stats stats;
  stats.accepted(ended_job(3, Outcome::succeeded), 7);
  stats.ended(ended_job(3, Outcome::succeeded), 7);
  stats.forget(PoolNumber{3});
  stats.forget(PoolNumber{4});
  CHECK(stats.find(PoolNumber{3}) == nullptr);
  CHECK(stats.total().accepted == 1);
  CHECK(stats.total().running.summary().count == 1);
  stats.accepted(ended_job(3, Outcome::succeeded), 8);
  CHECK(stats.find(PoolNumber{3})->accepted == 1);
  CHECK(stats.total().accepted == 2);
}

TEST_CASE("rates are of the ten whole seconds before this one") {
  Recent recent;
  recent.add(100);
  recent.add(100);
  CHECK(recent.count(100) == 0);
  CHECK(recent.count(101) == 2);
  CHECK(recent.count(110) == 2);
  CHECK(recent.count(111) == 0);
  for (std::int64_t second = 200; second < 300; ++second) recent.add(second);
  CHECK(recent.count(300) == 10);
  CHECK(recent.count(305) == 5);
}
