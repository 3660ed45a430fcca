// Ending jobs before their time: cancel in each state, drain, workers that die.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

TEST_CASE("a ready job is cancelled at once and never offered") {
  CoreDriver driver;
  const JobId id = driver.submit();
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  CHECK(driver.job(id).outcome == Outcome::cancelled);
  CHECK(driver.job(id).reason == "no more");
  driver.join(1);
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
}

TEST_CASE("an offered job is revoked: unstarted it is cancelled, started it is stopped") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  REQUIRE(driver.find<RevokeJob>() != nullptr);
  SECTION("unstarted") {
    driver.tell(Revoked{id, true});
    CHECK(driver.job(id).outcome == Outcome::cancelled);
    CHECK(driver.all<StopJob>().empty());
  }
  SECTION("started") {
    driver.tell(Revoked{id, false});
    REQUIRE(driver.find<StopJob>() != nullptr);
    CHECK(driver.find<StopJob>()->grace == 5s);
    driver.report(id, Ending::signalled, 15);
    CHECK(driver.job(id).outcome == Outcome::cancelled);
  }
}

TEST_CASE("a cancelled job that finishes first stays finished") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(id);
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  driver.report(id, Ending::exited, 0);
  CHECK(driver.job(id).outcome == Outcome::succeeded);
}

TEST_CASE("a command that tidies up after TERM and exits 0 is cancelled all the same") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(id);
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  ReportView report;
  report.ending = Ending::exited;
  report.stopped = true;
  driver.tell(Reported{id, &report});
  CHECK(driver.job(id).outcome == Outcome::cancelled);
}

TEST_CASE("a command that outlives its grace costs its worker, one second later") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(id);
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  REQUIRE(driver.core.next_deadline().has_value());
  CHECK(*driver.core.next_deadline() == driver.now.steady + 6s);
  driver.advance(6s);
  driver.tell(Tick{});
  REQUIRE(driver.find<KillWorker>() != nullptr);
  driver.tell(WorkerLost{Incarnation{1}, {}, {id}, 9, 0});
  CHECK(driver.job(id).outcome == Outcome::cancelled);
}

TEST_CASE("a function is stopped with its worker when its grace is over") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::function);
  driver.end_turn();
  driver.start(id);
  driver.tell(Cancel{id, Cancel::Haste::now, "no more"});
  CHECK(driver.find<StopJob>()->grace == 0s);
  driver.tell(Tick{});
  CHECK(driver.find<KillWorker>() != nullptr);
}

TEST_CASE("a command's worker is killed in time, however often the command is cancelled meanwhile") {
  // The bug: each cancel at once put the kill off by another second.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(id);
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  for (int i = 0; i < 5; ++i) {
    driver.tell(Cancel{id, Cancel::Haste::now, "no more"});
    driver.advance(250ms);
  }
  driver.tell(Tick{});
  CHECK(driver.find<KillWorker>() != nullptr);
}

TEST_CASE("cancelling an ended job changes nothing") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.report(id);
  driver.tell(Cancel{id, Cancel::Haste::now, "late"});
  CHECK(driver.effects.empty());
  CHECK(driver.job(id).outcome == Outcome::succeeded);
}

TEST_CASE("a dead worker costs the job it had started, its other offers go back to the front in their order") {
  CoreDriver driver;
  driver.join(1);
  const JobId running = driver.submit(Mode::apply_async, shm::JobKind::command), offered = driver.submit(), later = driver.submit();
  driver.end_turn();
  driver.start(running);
  driver.tell(WorkerLost{Incarnation{1}, {offered}, {running}, 9, 0});
  CHECK(driver.job(running).outcome == Outcome::interrupted);
  CHECK(driver.job(running).reason == "worker 1 was killed by signal 9 after this job had started");
  CHECK(driver.job(offered).state == JobState::ready);
  driver.join(2);
  driver.end_turn();
  const auto offers = driver.all<OfferJob>();
  REQUIRE(offers.size() == 2);
  CHECK(offers[0].job == offered);
  CHECK(offers[1].job == later);
}

TEST_CASE("a function that takes its worker down has crashed, with the signal") {
  CoreDriver driver;
  driver.join(3);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  SECTION("by a signal") {
    driver.tell(WorkerLost{Incarnation{3}, {}, {id}, 11, 0});
    CHECK(driver.job(id).outcome == Outcome::crashed);
    CHECK(driver.job(id).signal == 11);
  }
  SECTION("by exit(), even with 0") {
    driver.tell(WorkerLost{Incarnation{3}, {}, {id}, 0, 0});
    CHECK(driver.job(id).outcome == Outcome::crashed);
    CHECK(driver.job(id).reason == "worker 3 exited with status 0 after this job had started");
  }
}

TEST_CASE("a claimed job whose START was never seen is interrupted: nobody knows") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.tell(WorkerLost{Incarnation{1}, {}, {id}, 9, 0});
  CHECK(driver.job(id).outcome == Outcome::interrupted);
}

TEST_CASE("a drain refuses new jobs, cancels ready ones, waits for running ones and tells when it is quiet, once") {
  CoreDriver driver;
  driver.join(1);
  const JobId running = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(running);
  const JobId ready = driver.submit();
  driver.tell(Drain{});
  CHECK(driver.job(ready).outcome == Outcome::cancelled);
  driver.tell(CoreDriver::a_submission());
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::not_running);
  driver.end_turn();
  CHECK(driver.find<Drained>() == nullptr);
  driver.report(running, Ending::exited, 0);
  driver.end_turn();
  CHECK(driver.find<Drained>() != nullptr);
  driver.end_turn();
  CHECK(driver.find<Drained>() == nullptr);
}

TEST_CASE("stop_all ends running jobs as well") {
  CoreDriver driver;
  driver.join(1);
  const JobId running = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.start(running);
  driver.tell(StopAll{});
  REQUIRE(driver.find<StopJob>() != nullptr);
  CHECK(driver.find<StopJob>()->grace == 0s);
}

TEST_CASE("stop_all leaves no grace to a job that was claimed unseen") {
  // The bug: a job between its claim and its START was stopped with its full grace, and the daemon's end waited for it.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.tell(StopAll{});
  driver.tell(Revoked{id, false});
  REQUIRE(driver.find<StopJob>() != nullptr);
  CHECK(driver.find<StopJob>()->grace == 0s);
}

TEST_CASE("a START that comes after the job was known to run still tells its pid and time") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(Mode::apply_async, shm::JobKind::command);
  driver.end_turn();
  driver.tell(Started{id, 0, 0});
  CHECK(driver.job(id).state == JobState::running);
  driver.start(id);
  CHECK(driver.job(id).pid == 4711);
}

TEST_CASE("stop_all after a finished drain is answered at once") {
  // The bug: the end of a drain had been told already, so a stop that followed it waited for its time-out.
  CoreDriver driver;
  driver.tell(Drain{});
  driver.end_turn();
  REQUIRE(driver.find<Drained>() != nullptr);
  driver.tell(StopAll{});
  driver.end_turn();
  CHECK(driver.find<Drained>() != nullptr);
}

TEST_CASE("a job that is to end has its worker to itself until it has ended") {
  // The bug: the kill of a function that overran its stop arrived when its worker had ended it and claimed the next offer, which died
  // instead.
  CoreDriver driver;
  driver.join(1);
  const JobId ending = driver.submit(), next = driver.submit();
  driver.end_turn();
  driver.start(ending);
  SECTION("cancelled") { driver.tell(Cancel{ending, Cancel::Haste::grace, "no more"}); }
  SECTION("killed") { driver.tell(KillFunction{ending}); }
  REQUIRE(driver.all<RevokeJob>().size() == 1);
  CHECK(driver.find<RevokeJob>()->job == next);
  CHECK(driver.all<KillWorker>().empty());
  driver.tell(Revoked{next, true});
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
  driver.report(ending);
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.find<OfferJob>()->job == next);
  driver.advance(10s);
  driver.tell(Tick{});
  CHECK(driver.all<KillWorker>().empty());
}

TEST_CASE("a worker that claimed its next job before that was taken back is not killed for the one before") {
  // The bug: as above. That it could claim another shows that the first has ended; its report is told before the tick.
  CoreDriver driver;
  driver.join(1);
  const JobId ended = driver.submit(), next = driver.submit();
  driver.end_turn();
  driver.start(ended);
  driver.tell(KillFunction{ended});
  driver.tell(Revoked{next, false});
  driver.report(ended);
  driver.tell(Tick{});
  CHECK(driver.all<KillWorker>().empty());
  CHECK(driver.job(next).state == JobState::running);
}

TEST_CASE("a killed function costs its worker once, which gets nothing more") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  driver.tell(KillFunction{id});
  driver.tell(KillFunction{id});
  CHECK(driver.core.next_deadline() == driver.now.steady);
  driver.tell(Tick{});
  REQUIRE(driver.all<KillWorker>().size() == 1);
  CHECK(driver.find<KillWorker>()->worker == Incarnation{1});
  driver.report(id);  // it was faster than the signal
  driver.submit();
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
}

TEST_CASE("a command or a job that does not run is no function to be killed") {
  CoreDriver driver;
  driver.join(1);
  const JobId command = driver.submit(Mode::apply_async, shm::JobKind::command), ready = driver.submit();
  driver.tell(KillFunction{ready});
  driver.end_turn();
  driver.start(command);
  driver.tell(KillFunction{command});
  CHECK(driver.effects.empty());
  CHECK_FALSE(driver.core.next_deadline().has_value());
}

// A worker that was told to leave passed for one whose death is on the way: a function in it could be neither cancelled nor killed, and had
// no time-out. Found by tests/simulation.
TEST_CASE("a function is stopped in a worker that is to leave as in any other") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  driver.tell(WorkerCondemned{Incarnation{1}});
  driver.tell(Cancel{id, Cancel::Haste::now, "no more"});
  driver.tell(Tick{});
  REQUIRE(driver.all<KillWorker>().size() == 1);
  driver.tell(Cancel{id, Cancel::Haste::now, "no more"});
  driver.tell(Tick{});
  CHECK(driver.all<KillWorker>().empty());
}

TEST_CASE("a job that runs is lost with its worker, though its slot says that it was never claimed") {
  // The bug: it went back to the queue as one that had never started, but still running, from where nobody took it: no outcome, ever.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.start(id);
  driver.tell(WorkerLost{Incarnation{1}, {id}, {}, 9, 0});
  CHECK(driver.job(id).state == JobState::done);
  CHECK(driver.job(id).outcome == Outcome::interrupted);
}
