// A new core takes over from a dead broker's: jobs in slots, revoked ones, ended ones, and callers that come back or do not.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

Job inherited_job(std::uint64_t id, Mode mode = Mode::apply, std::string key = "key") {
  Job job;
  job.id = JobId{id};
  job.mode = mode;
  job.key = std::move(key);
  job.spec_hash = 9;
  job.kind = shm::JobKind::command;
  job.worker = Incarnation{1};
  job.payload = "payload";
  job.attempt = 1;
  return job;
}

}  // namespace

TEST_CASE("a job found in a slot goes on, without a new offer, and its report ends it") {
  CoreDriver driver;
  driver.join(1);
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::in_slot});
  CHECK(driver.effects.empty());
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
  driver.tell(Started{JobId{40}, 0, 0});
  driver.report(JobId{40}, Ending::exited, 0);
  CHECK(driver.job(JobId{40}).outcome == Outcome::succeeded);
  CHECK(driver.core.next_id() == JobId{41});
}

TEST_CASE("a caller that comes back with its key gets the same job") {
  CoreDriver driver;
  driver.join(1);
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::in_slot});
  Submit again = CoreDriver::a_submission("key", 9);
  again.mode = Mode::apply;
  CHECK(driver.submit(std::move(again)) == JobId{40});
  driver.advance(11s);
  driver.tell(Tick{});
  CHECK(driver.all<RevokeJob>().empty());  // claimed: it is not cancelled
}

TEST_CASE("an inherited apply that nobody claims within ten seconds is cancelled") {
  CoreDriver driver;
  driver.join(1);
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::in_slot});
  driver.advance(9s);
  driver.tell(Tick{});
  CHECK(driver.effects.empty());
  driver.advance(1s);
  driver.tell(Tick{});
  CHECK(driver.find<RevokeJob>() != nullptr);
}

TEST_CASE("an inherited apply without a key is cancelled at once, a detached or async one never") {
  CoreDriver driver;
  driver.join(1);
  Job detached = inherited_job(41, Mode::apply, "d");
  detached.flags.detach = true;
  driver.tell(Inherited{inherited_job(40, Mode::apply, ""), {}, Inherited::Place::in_slot});
  driver.tell(Inherited{std::move(detached), {}, Inherited::Place::in_slot});
  driver.tell(Inherited{inherited_job(42, Mode::apply_async, "a"), {}, Inherited::Place::in_slot});
  driver.advance(60s);
  driver.tell(Tick{});
  const auto revokes = driver.all<RevokeJob>();
  REQUIRE(!revokes.empty());
  CHECK(revokes[0].job == JobId{40});
  CHECK(driver.job(JobId{41}).stop == StopRequest::none);
  CHECK(driver.job(JobId{42}).stop == StopRequest::none);
}

TEST_CASE("an ended apply is kept until its caller had ten seconds to come back") {
  CoreLimits limits;
  limits.kept_async = limits.kept_apply = 0;
  CoreDriver driver{limits};
  Job ended = inherited_job(40);
  ended.outcome = Outcome::succeeded;
  driver.tell(Inherited{std::move(ended), {}, Inherited::Place::ended});
  driver.tell(Delivered{JobId{40}});  // nobody waits yet: that is not a delivery
  driver.end_turn();
  REQUIRE(driver.core.find(JobId{40}) != nullptr);
  CHECK(driver.job(JobId{40}).state == JobState::done);
  driver.advance(10s);
  driver.tell(Tick{});
  driver.end_turn();
  CHECK(driver.core.find(JobId{40}) == nullptr);
}

TEST_CASE("a revoked job is ready again with its payload") {
  CoreDriver driver;
  driver.join(1);
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::queued});
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.find<OfferJob>()->job == JobId{40});
}

TEST_CASE("ids below an inherited one are known to have belonged to another broker") {
  CoreDriver driver;
  driver.tell(Inherited{inherited_job(40, Mode::apply_async), {}, Inherited::Place::ended});
  CHECK(driver.core.inherited_below() == JobId{41});
  CHECK(driver.submit() == JobId{41});
  CHECK(driver.core.inherited_below() == JobId{41});
}

TEST_CASE("a drain during a handover is not over before it is known what runs") {
  // The bug: a broker that was told to drain before its predecessor's workers were handed over said that nothing ran.
  CoreDriver driver;
  driver.tell(RecoveryBegun{});
  driver.join(1);
  driver.tell(Drain{});
  driver.end_turn();
  CHECK(driver.find<Drained>() == nullptr);
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::in_slot});
  driver.tell(Started{JobId{40}, 0, 0});
  driver.tell(Inherited{inherited_job(41, Mode::apply, "other"), {}, Inherited::Place::queued});
  driver.tell(RecoveryDone{});
  CHECK(driver.job(JobId{41}).outcome == Outcome::cancelled);  // ready jobs end with a drain, also those that became known during it
  driver.end_turn();
  CHECK(driver.find<Drained>() == nullptr);
  driver.report(JobId{40}, Ending::exited, 0);
  driver.end_turn();
  CHECK(driver.find<Drained>() != nullptr);
}

TEST_CASE("a stop during a handover ends what becomes known by it") {
  CoreDriver driver;
  driver.tell(RecoveryBegun{});
  driver.join(1);
  driver.tell(StopAll{});
  driver.tell(Inherited{inherited_job(40), {}, Inherited::Place::in_slot});
  driver.tell(Started{JobId{40}, 0, 0});
  driver.end_turn();
  CHECK(driver.find<Drained>() == nullptr);
  driver.tell(RecoveryDone{});
  REQUIRE(driver.find<StopJob>() != nullptr);
  CHECK(driver.find<StopJob>()->grace == 0s);
}

TEST_CASE("an attempt that was recorded ahead by an earlier broker goes on where its priority puts it, or is taken back") {
  // The bug: it stood in the queue as one that may have started, for as long as that took.
  CoreDriver driver;
  driver.tell(RecoveryBegun{});
  for (const std::uint64_t id : {1, 2}) {
    Job job;
    job.mode = Mode::apply_async;
    job.flags.durable = true;
    job.id = JobId{id};
    job.priority = static_cast<std::int16_t>(id);
    job.payload = "payload";
    job.attempt = 1;
    job.attempt_open = true;
    driver.tell(Inherited{std::move(job), {}, Inherited::Place::queued});
  }
  driver.tell(RecoveryDone{});
  SECTION("there is a worker") {
    driver.join(1);
    driver.end_turn();
    REQUIRE(driver.all<OfferJob>().size() == 2);
    CHECK(driver.all<OfferJob>()[0].job == JobId{2});
    CHECK(driver.all<Save>().empty());  // recorded already
  }
  SECTION("there is none") {
    REQUIRE(driver.core.next_deadline());
    driver.advance(200ms);
    driver.tell(Tick{});
    REQUIRE(driver.all<Save>().size() == 2);
    for (const Save& save : driver.all<Save>()) CHECK(save.what == Save::What::attempt_undone);
    CHECK(driver.job(JobId{1}).attempt == 0);
    driver.join(1);
    driver.end_turn();
    REQUIRE_FALSE(driver.all<OfferJob>().empty());
    CHECK(driver.all<OfferJob>()[0].job == JobId{2});
  }
}
