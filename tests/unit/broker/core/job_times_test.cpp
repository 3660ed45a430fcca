// How long jobs were ready, running and waiting: from their life in a core, and from what a next broker finds of them.
#include "daemon/broker/core/job_times.hpp"

#include "daemon/broker/core/backoff.hpp"
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

JobTimes times(const CoreDriver& driver, JobId id) {
  const Job& job = driver.job(id);
  const JobTimes all = times_of(job, driver.pool(job.pool).pauses, driver.now.wall_usec, History::wanted);
  if (all.ready && all.running && all.waiting) {
    const std::int64_t life = (job.settled ? job.ended_usec : driver.now.wall_usec) - job.submitted_usec;
    CHECK((*all.ready + *all.running + *all.waiting).count() == life);
  }
  return all;
}

std::string words(const JobTimes& times) {
  std::string text;
  for (const Period& period : times.history) {
    text += (text.empty() ? "" : " ") + std::string{to_string(period.state)};
    if (period.end_usec) text += ":" + std::to_string((*period.end_usec - period.begin_usec) / 1'000);
  }
  return text;
}

void finish(CoreDriver& driver, JobId id, Ending ending = Ending::returned) { driver.report(id, ending, 0, 0); }

}  // namespace

TEST_CASE("a job's life is cut into what it was ready, ran, and was ready again, and nothing is left over") {
  CoreDriver driver;
  const JobId id = driver.submit();
  CHECK(words(times(driver, id)) == "ready");
  driver.advance(5ms);
  driver.join(1);
  driver.end_turn();
  CHECK(words(times(driver, id)) == "ready");
  CHECK(times(driver, id).ready == Microseconds{5'000});
  driver.start(id);
  CHECK(words(times(driver, id)) == "ready:5 running");
  driver.advance(7ms);
  CHECK(times(driver, id).running == Microseconds{7'000});
  finish(driver, id);
  driver.advance(100ms);
  const JobTimes ended = times(driver, id);
  CHECK(words(ended) == "ready:5 running:7 done");
  CHECK(ended.waiting == Microseconds{0});
  CHECK(ended.since_usec == driver.job(id).ended_usec);
}

TEST_CASE("a delay, other jobs and a retry are waits, and each attempt knows since when it was ready") {
  CoreDriver driver;
  driver.join(1);
  const JobId before = driver.submit();
  Submit event = CoreDriver::a_submission();
  event.after = {{before, Dependency::Needs::end}};
  event.retries = 1;
  event.backoff = 100ms;
  const JobId id = driver.submit(std::move(event));
  driver.end_turn();
  driver.start(before);
  driver.advance(10ms);
  CHECK(words(times(driver, id)) == "waiting");
  finish(driver, before);
  driver.advance(1ms);
  CHECK(words(times(driver, id)) == "waiting:10 ready");
  driver.end_turn();
  driver.start(id);
  driver.advance(2ms);
  finish(driver, id, Ending::threw);
  driver.advance(10ms);
  CHECK(words(times(driver, id)) == "waiting:10 ready:1 running:2 waiting");
  driver.advance(200ms);
  const auto pause = backoff_after(1, id, 100ms);
  const std::int64_t due = driver.job(id).earlier.front().ended_usec + pause.count();
  driver.tell(Tick{});  // later than it should
  driver.now.wall_usec = due + 3'000;
  driver.end_turn();
  driver.start(id);
  driver.advance(4ms);
  finish(driver, id);
  const JobTimes ended = times(driver, id);
  CHECK(ended.waiting == Microseconds{10'000} + pause);
  CHECK(ended.ready == Microseconds{4'000});
  CHECK(ended.running == Microseconds{6'000});
  CHECK(driver.job(id).ready_usec == due);
}

TEST_CASE("while its pool is paused a ready job waits, and a running one runs") {
  CoreDriver driver;
  driver.join(1);
  const JobId runs = driver.submit(), waits = driver.submit();
  driver.end_turn();
  driver.start(runs);
  driver.advance(1ms);
  driver.tell(PausePool{});
  for (const Effect& effect : Effects{driver.effects})
    if (const auto* revoke = std::get_if<RevokeJob>(&effect)) driver.tell(Revoked{revoke->job, true});
  driver.advance(10ms);
  CHECK(words(times(driver, waits)) == "ready:1 waiting");
  driver.tell(ResumePool{});
  driver.advance(2ms);
  driver.tell(PausePool{});
  driver.advance(20ms);
  driver.tell(ResumePool{});
  driver.advance(3ms);
  CHECK(words(times(driver, waits)) == "ready:1 waiting:10 ready:2 waiting:20 ready");
  CHECK(times(driver, waits).waiting == Microseconds{30'000});
  CHECK(times(driver, runs).running == Microseconds{36'000});
}

TEST_CASE("time at a queue is waiting, out of the time that the job ran") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  driver.advance(10ms);
  driver.tell(WaitedAtQueue{id, Microseconds{4'000}});
  CHECK(times(driver, id).running == Microseconds{6'000});
  CHECK(times(driver, id).waiting == Microseconds{4'000});
  driver.tell(WaitedAtQueue{id, std::chrono::hours{1}});  // never more than it ran
  CHECK(times(driver, id).running == Microseconds{0});
  driver.tell(WaitedAtQueue{JobId{999}, Microseconds{1}});
}

TEST_CASE("a job that was cancelled before it ran has waited, or was ready, until then") {
  CoreDriver driver;
  const JobId ready = driver.submit();
  Submit delayed = CoreDriver::a_submission();
  delayed.not_before_usec = driver.now.wall_usec + 60'000'000;
  const JobId waiting = driver.submit(std::move(delayed));
  driver.advance(8ms);
  driver.tell(Cancel{ready, Cancel::Haste::now, "enough"});
  driver.tell(Cancel{waiting, Cancel::Haste::now, "enough"});
  driver.advance(50ms);
  CHECK(words(times(driver, ready)) == "ready:8 done");
  CHECK(words(times(driver, waiting)) == "waiting:8 done");
}

TEST_CASE("what a next broker does not know is not guessed") {
  CoreDriver driver;
  driver.join(1);
  driver.tell(RecoveryBegun{});
  Inherited lost;
  lost.job.id = JobId{5};
  lost.job.flags.durable = true;
  lost.job.submitted_usec = driver.now.wall_usec - 1'000'000;
  lost.job.ready_usec = lost.job.submitted_usec;
  lost.job.attempt = 1;
  lost.job.attempt_open = true;
  lost.place = Inherited::Place::lost;
  Inherited in_slot;
  in_slot.job = lost.job;
  in_slot.job.id = JobId{6};
  in_slot.job.attempt = 3;  // and nothing is left of the first two
  in_slot.job.worker = Incarnation{1};
  in_slot.job.started_usec = driver.now.wall_usec - 1'000;
  in_slot.job.ready_usec = kReadyUnknown;
  in_slot.place = Inherited::Place::in_slot;
  driver.tell(std::move(in_slot));
  driver.tell(std::move(lost));
  driver.tell(RecoveryDone{});
  const JobTimes of_lost = times(driver, JobId{5});
  CHECK_FALSE(of_lost.running);
  CHECK_FALSE(of_lost.ready);
  CHECK(words(of_lost) == "done");
  driver.start(JobId{6});
  const JobTimes of_running = times(driver, JobId{6});
  CHECK_FALSE(of_running.running);
  CHECK_FALSE(of_running.waiting);
  CHECK(words(of_running) == "running");
}

TEST_CASE("a next broker tells from terms and attempts when a job became ready") {
  Job job;
  job.id = JobId{7};
  job.submitted_usec = 1'000;
  const auto ready = [&](std::optional<std::int64_t> released, std::int64_t now) {
    Job found = job;
    restore_ready_times(found, released, now);
    return found.ready_usec;
  };
  CHECK(ready(0, 5'000) == 1'000);
  CHECK(ready(3'000, 5'000) == 3'000);
  CHECK(ready(kReadyUnknown, 5'000) == kReadyUnknown);
  CHECK(ready(std::nullopt, 5'000) == 0);
  job.not_before_usec = 4'000;
  CHECK(ready(3'000, 5'000) == 4'000);
  CHECK(ready(3'000, 3'500) == 0);
  job.ended_usec = 3'600;  // it was cancelled first
  CHECK(ready(3'000, 5'000) == 0);
  job.ended_usec = 0;
  Attempt first;
  first.number = 1;
  first.started_usec = 4'200;
  first.ended_usec = 4'500;
  job.earlier = {first};
  job.attempt = 1;
  job.backoff = Microseconds{100};
  CHECK(ready(0, 9'000) == 4'500 + backoff_after(1, job.id, job.backoff).count());
  CHECK(ready(0, 4'501) == 0);
  Job restored = job;
  restore_ready_times(restored, 3'000, 9'000);
  CHECK(restored.earlier.front().ready_usec == 4'000);
  job.earlier.front().ended_usec = 0;
  CHECK(ready(0, 9'000) == kReadyUnknown);
}

TEST_CASE("the log of pauses is bounded, keeps order, and gives what lies within a time") {
  PauseLog log;
  const auto within = [&](std::int64_t begin, std::int64_t end) {
    std::string text;
    log.each_within(begin, end, [&](std::int64_t from, std::int64_t to) { text += std::to_string(from) + "-" + std::to_string(to) + " "; });
    return text;
  };
  CHECK(within(0, 1'000).empty());
  log.resume(1);  // of none
  log.pause(10);
  log.pause(12);  // it is paused
  CHECK(within(0, 5).empty());
  CHECK(within(0, 15) == "10-15 ");
  log.resume(20);
  log.pause(15);  // the clock was set back
  log.resume(30);
  CHECK(within(0, 100) == "10-20 20-30 ");
  CHECK(within(12, 25) == "12-20 20-25 ");
  for (std::int64_t at = 1'000; at < 3'000; at += 2) {
    log.pause(at);
    log.resume(at + 1);
  }
  CHECK(within(0, 2'000).empty());
  CHECK(within(2'990, 5'000) == "2990-2991 2992-2993 2994-2995 2996-2997 2998-2999 ");
}

TEST_CASE("of what was between two attempts that are known nothing is told where there were others") {
  // The bug: it had waited, so the history said, for as long as it had been tried hundreds of times.
  Job job;
  job.id = JobId{1};
  job.state = JobState::done;
  job.settled = true;
  job.submitted_usec = 1'000;
  const auto attempt = [](std::uint32_t number, std::int64_t ready) {
    Attempt one;
    one.number = number;
    one.ready_usec = ready;
    one.started_usec = ready + 10;
    one.ended_usec = ready + 30;
    return one;
  };
  job.earlier = {attempt(1, 1'000), attempt(7, 5'000)};
  job.attempt = 8;
  restore_attempt(job, attempt(8, 5'030));
  const JobTimes times = times_of(job, PauseLog{}, 9'000, History::wanted);
  CHECK_FALSE(times.ready);
  CHECK_FALSE(times.running);
  CHECK_FALSE(times.waiting);
  for (const Period& period : times.history) CHECK(period.state != JobState::waiting);
  const auto is_second = [](const Period& period) { return period.begin_usec == 5'000; };
  CHECK(std::ranges::any_of(times.history, is_second));
}
