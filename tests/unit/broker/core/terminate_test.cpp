// Terminating a pool: everything in it ends, in bounded time.
#include <algorithm>

#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  CoreDriver driver;
  PoolNumber images;

  Fixture() {
    PoolSettings settings;
    settings.name = "images";
    settings.size = 2;
    images = driver.create_pool(settings);
    driver.join_pool(1, images);
    driver.join_pool(2, images);
  }
  JobId run(shm::JobKind kind) {
    Submit event = CoreDriver::a_submission();
    event.pool = images;
    event.kind = kind;
    event.grace = 5s;
    event.retries = 3;
    const JobId id = driver.submit(std::move(event));
    driver.end_turn();
    driver.start(id);
    return id;
  }
};

}  // namespace

TEST_CASE("terminate cancels what has not started at once, and tells the workers of what runs") {
  Fixture at;
  const JobId command = at.run(shm::JobKind::command), function = at.run(shm::JobKind::function);
  std::vector<JobId> queued;
  for (int i = 0; i < 100; ++i) queued.push_back(at.driver.submit_to(at.images, i % 2 == 0));
  const JobId other = at.driver.submit();
  at.driver.tell(TerminatePool{at.images});
  CHECK(at.driver.all<Ended>().size() == queued.size());
  for (const JobId id : queued) {
    CHECK(at.driver.job(id).outcome == Outcome::cancelled);
    CHECK(std::string_view{at.driver.job(id).reason} == "its pool was terminated");
  }
  const auto stopped = at.driver.all<StopJob>();
  REQUIRE(stopped.size() == 2);
  CHECK(stopped[0].grace == 5s);
  CHECK(at.driver.all<StopAsked>().size() == 2);  // the next broker goes on with it
  CHECK(at.driver.job(other).state == JobState::ready);

  at.driver.advance(5s);
  at.driver.tell(Tick{});  // a function is stopped with its worker, at the end of its grace
  REQUIRE(at.driver.all<KillWorker>().size() == 1);
  CHECK(at.driver.find<KillWorker>()->worker == at.driver.job(function).worker);
  at.driver.advance(1s);
  at.driver.tell(Tick{});  // a command's worker had a second more
  REQUIRE(at.driver.all<KillWorker>().size() == 1);
  CHECK(at.driver.find<KillWorker>()->worker == at.driver.job(command).worker);
  for (const JobId id : {command, function}) {
    at.driver.tell(WorkerLost{at.driver.job(id).worker, {}, {id}, 9, 0});
    CHECK(at.driver.job(id).outcome == Outcome::cancelled);  // and is not tried again
  }
  at.driver.end_turn();
  CHECK(at.driver.find<PoolLeft>() != nullptr);
}

TEST_CASE("a terminate with a grace of its own gives no job more than that, also one that is being stopped already") {
  Fixture at;
  const JobId first = at.run(shm::JobKind::command), second = at.run(shm::JobKind::command);
  at.driver.tell(Cancel{first, Cancel::Haste::grace, "somebody cancelled it"});
  at.driver.tell(TerminatePool{at.images, 100ms});
  for (const JobId id : {first, second}) CHECK(at.driver.job(id).due == at.driver.now.steady + 1100ms);
  for (const StopJob& stop : at.driver.all<StopJob>()) CHECK(stop.grace == 100ms);
}

TEST_CASE("a terminate takes nothing from the haste of one that is being stopped, and its grace outlives the broker") {
  // The bug: the grace of the terminate began anew, also where less was left, and a next broker gave the job its own again.
  Fixture at;
  const JobId function = at.run(shm::JobKind::function), killed = at.run(shm::JobKind::function);
  at.driver.tell(Cancel{function, Cancel::Haste::grace, "somebody cancelled it"});
  at.driver.advance(4s);
  const TimePoint due = at.driver.job(function).due, now = at.driver.now.steady;
  at.driver.tell(KillFunction{killed});
  at.driver.tell(TerminatePool{at.images, 3s});
  CHECK(at.driver.job(function).due == due);
  CHECK(at.driver.job(killed).due == now);
  const auto asked = at.driver.all<StopAsked>();
  CHECK(std::ranges::any_of(asked, [&](const StopAsked& one) { return one.job == function; }));
  CHECK(at.driver.job(function).grace == 3s);
}

TEST_CASE("an offer of a terminated pool that was claimed in time is stopped as a running one") {
  Fixture at;
  const JobId id = at.driver.submit_to(at.images);
  at.driver.end_turn();
  at.driver.tell(TerminatePool{at.images});
  REQUIRE(at.driver.find<RevokeJob>() != nullptr);
  at.driver.tell(Revoked{id, false});
  REQUIRE(at.driver.find<StopJob>() != nullptr);
  CHECK(at.driver.find<StopJob>()->job == id);
}

TEST_CASE("a broker that died while a pool was terminated left jobs behind: the next one cancels them") {
  CoreDriver driver;
  PoolRecord record;
  record.number = PoolNumber{4};
  record.settings.name = "images";
  record.settings.size = 1;
  record.state = PoolState::terminated;
  driver.tell(InheritedPool{record});
  driver.tell(RecoveryBegun{});
  Inherited queued;
  queued.job.id = JobId{9};
  queued.job.pool = record.number;
  queued.job.flags.durable = true;
  queued.place = Inherited::Place::queued;
  driver.tell(queued);
  Inherited lost = queued;
  lost.job.id = JobId{10};
  lost.job.attempt = 1;
  lost.job.retries = 5;
  lost.place = Inherited::Place::lost;
  driver.tell(lost);
  driver.tell(RecoveryDone{});
  CHECK(driver.job(JobId{9}).outcome == Outcome::cancelled);
  CHECK(driver.job(JobId{10}).outcome == Outcome::cancelled);
  driver.end_turn();
  CHECK(driver.find<PoolLeft>() != nullptr);
}

TEST_CASE("a terminated pool that is resumed runs jobs again") {
  Fixture at;
  at.driver.tell(TerminatePool{at.images});
  at.driver.tell(ResumePool{at.images});
  const JobId id = at.driver.submit_to(at.images);
  at.driver.end_turn();
  CHECK(at.driver.job(id).offered);
}
