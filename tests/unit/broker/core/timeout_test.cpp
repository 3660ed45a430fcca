// An attempt's time: from its START, then its grace, then its worker.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

Submit with_timeout(shm::JobKind kind, std::uint16_t retries = 0) {
  Submit event = CoreDriver::a_submission();
  event.kind = kind;
  event.timeout = 10s;
  event.grace = 5s;
  event.retries = retries;
  return event;
}

void pass(CoreDriver& driver, std::chrono::milliseconds time) {
  driver.advance(time);
  driver.tell(Tick{});
}

}  // namespace

TEST_CASE("a job's time counts from its START, when it is over it gets its grace, a command a second more, then its worker is killed") {
  const auto kind = GENERATE(shm::JobKind::command, shm::JobKind::function);
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_timeout(kind));
  driver.end_turn();
  driver.advance(9s);
  CHECK_FALSE(driver.core.next_deadline().has_value());
  driver.start(id);
  pass(driver, 9'999ms);
  CHECK(driver.all<StopJob>().empty());
  pass(driver, 1ms);
  REQUIRE(driver.find<StopJob>() != nullptr);
  CHECK(driver.find<StopJob>()->grace == 5s);
  pass(driver, kind == shm::JobKind::command ? 5'999ms : 4'999ms);
  CHECK(driver.all<KillWorker>().empty());
  pass(driver, 1ms);
  REQUIRE(driver.all<KillWorker>().size() == 1);
  driver.tell(WorkerLost{Incarnation{1}, {}, {id}, 9, 0});
  CHECK(driver.job(id).outcome == Outcome::timed_out);
  CHECK(driver.job(id).reason == "its time of 10 s was over");
}

TEST_CASE("a job that was cancelled after its time was over is cancelled, is not tried again, and that is recorded") {
  // The bug: the cancel was not put down, so that a next broker took it for a time-out, and tried the job again.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_timeout(shm::JobKind::command, 3));
  driver.end_turn();
  driver.start(id);
  pass(driver, 10s);
  CHECK(driver.all<StopAsked>().empty());
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  CHECK(driver.all<StopAsked>().size() == 1);
  CHECK(driver.all<StopJob>().empty());  // it has its TERM
  driver.report(id, Ending::signalled, 15);
  CHECK(driver.job(id).outcome == Outcome::cancelled);
  CHECK(driver.job(id).reason == "no more");
}

TEST_CASE("the timer of an attempt never hits the next one") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_timeout(shm::JobKind::command, 3));
  driver.end_turn();
  driver.start(id);
  driver.advance(9s);
  driver.report(id, Ending::exited, 3, 0);
  CHECK_FALSE(driver.core.next_deadline().has_value());
  driver.end_turn();
  driver.start(id);
  pass(driver, 9s);
  CHECK(driver.effects.empty());
  CHECK(driver.core.next_deadline() == driver.now.steady + 1s);
}

TEST_CASE("an attempt whose time was over is tried again") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_timeout(shm::JobKind::command, 1));
  driver.end_turn();
  driver.start(id);
  pass(driver, 10s);
  driver.report(id, Ending::signalled, 15, 0);
  CHECK(driver.job(id).state == JobState::ready);
  CHECK(driver.job(id).stop == StopRequest::none);
  CHECK(driver.job(id).earlier.at(0).outcome == Outcome::timed_out);
}

TEST_CASE("a job whose broker died has what is left of its time") {
  CoreDriver driver;
  driver.join(1);
  Job job;
  static_cast<Terms&>(job) = with_timeout(shm::JobKind::command);
  job.id = JobId{40};
  job.mode = Mode::apply_async;
  job.attempt = 1;
  job.worker = Incarnation{1};
  job.started_usec = driver.now.wall_usec - 4'000'000;
  driver.tell(Inherited{std::move(job), {}, Inherited::Place::in_slot});
  driver.tell(Started{JobId{40}, 0, 0});
  CHECK(driver.core.next_deadline() == driver.now.steady + 6s);
}

TEST_CASE("a job that an earlier broker stopped for its time has timed out, though this one did not stop it") {
  // The bug: that a stop was for its time, its broker alone knew. A command that ended well on TERM had succeeded for the next one, and
  // what came after it ran; a function had crashed.
  const auto kind = GENERATE(shm::JobKind::command, shm::JobKind::function);
  const auto ran = GENERATE(9s, 11s);
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(with_timeout(kind));
  driver.end_turn();
  driver.start(id);
  driver.advance(ran);
  if (kind == shm::JobKind::command) {
    ReportView report;
    report.ending = Ending::exited;
    report.stopped = true;
    report.ended_usec = driver.now.wall_usec;
    driver.tell(Reported{id, &report});
  } else {
    driver.tell(WorkerLost{Incarnation{1}, {}, {id}, 9, 0});
  }
  if (ran == 11s) {
    CHECK(driver.job(id).outcome == Outcome::timed_out);
    CHECK(driver.job(id).reason == "its time of 10 s was over");
  } else {
    CHECK(driver.job(id).outcome == (kind == shm::JobKind::command ? Outcome::succeeded : Outcome::crashed));
  }
}
