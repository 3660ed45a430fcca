// Durable jobs in the core: what must be in the store before what, what the store did not take, and what is found in it.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

Submit durable(std::string key = {}, std::vector<JobId> after = {}) {
  Submit event = CoreDriver::a_submission(std::move(key), 1);
  event.flags.durable = true;
  for (const JobId job : after) event.after.push_back({job, Dependency::Needs::success});
  return event;
}

Job stored_job(std::uint64_t id, std::uint16_t retries = 0) {
  Job job;
  static_cast<Terms&>(job) = durable();
  job.id = JobId{id};
  job.retries = retries;
  job.payload = "payload";
  return job;
}

template <class First, class Second>
bool in_this_order(const Effects& effects) {
  std::size_t first = effects.size(), second = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (std::holds_alternative<First>(effects[i]) && first == effects.size()) first = i;
    if (std::holds_alternative<Second>(effects[i])) second = i;
  }
  return first < second;
}

}  // namespace

TEST_CASE("a durable job is saved before it is accepted, and each attempt before its offer") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(durable());
  CHECK(in_this_order<Save, Accepted>(driver.effects));
  driver.end_turn();
  REQUIRE(driver.all<Save>().size() == 1);
  CHECK(driver.find<Save>()->what == Save::What::attempt);
  CHECK(driver.find<Save>()->number == 1);
  CHECK(in_this_order<Save, OfferJob>(driver.effects));
  driver.tell(Cancel{id, Cancel::Haste::grace, "no more"});
  driver.tell(Revoked{id, true});
  REQUIRE(driver.find<Save>() != nullptr);  // it never started under that number
  CHECK(driver.find<Save>()->what == Save::What::attempt_undone);
  CHECK(in_this_order<Save, Ended>(driver.effects));
  CHECK(driver.job(id).attempt == 0);
}

TEST_CASE("an ephemeral job is never saved") {
  CoreDriver driver;
  driver.join(1);
  driver.submit();
  CHECK(driver.find<Save>() == nullptr);
  driver.end_turn();
  CHECK(driver.find<Save>() == nullptr);
}

TEST_CASE("a full disk refuses durable jobs only, until there is room") {
  CoreDriver driver;
  driver.tell(StoreFull{});
  driver.tell(durable());
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::store_full);
  driver.submit();
  driver.tell(StoreHasRoom{});
  driver.submit(durable());
}

TEST_CASE("a job that was not stored leaves no trace: no count, no key, no worker's slot") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  CoreDriver driver{limits};
  const bool offered = GENERATE(false, true);
  if (offered) driver.join(1);
  const JobId id = driver.submit(durable("k"));
  driver.end_turn();
  driver.tell(NotStored{id});
  REQUIRE(driver.find<Forgotten>() != nullptr);
  CHECK_FALSE(driver.find<Forgotten>()->durable);  // there is nothing to be taken out
  CHECK(driver.core.find(id) == nullptr);
  CHECK(driver.core.counts().ready == 0);
  CHECK(driver.core.counts().workers_idle == driver.core.counts().workers);
  CHECK(driver.submit(durable("k")) != id);
}

TEST_CASE("what waits for a job that was not stored does not wait for ever") {
  // The bug: an ephemeral job after it was never released.
  CoreDriver driver;
  const JobId first = driver.submit(durable());
  Submit event = CoreDriver::a_submission();
  event.after = {{first, Dependency::Needs::success}};
  const JobId last = driver.submit(std::move(event));
  driver.tell(NotStored{first});
  CHECK(driver.job(last).outcome == Outcome::skipped);
  CHECK(driver.job(last).reason == "it was to run after job 1, of which no record is left");
}

TEST_CASE("a drain takes the attempts back that never started, before it says that it is over") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(durable());
  driver.end_turn();
  driver.tell(Drain{});
  REQUIRE(driver.find<RevokeJob>() != nullptr);
  driver.tell(Revoked{id, true});
  CHECK(driver.job(id).state == JobState::ready);
  driver.end_turn();
  REQUIRE(driver.find<Save>() != nullptr);
  CHECK(driver.find<Save>()->what == Save::What::attempt_undone);
  CHECK(in_this_order<Save, Drained>(driver.effects));
}

// What a drain had taken back was taken back once more at the next tick, under a number that no record had: the store failed of that.
// Found by tests/simulation.
TEST_CASE("an attempt that an earlier broker recorded is taken back once when the daemon drains") {
  CoreDriver driver;
  driver.tell(RecoveryBegun{});
  Job job = stored_job(1);
  job.attempt = 1;
  job.attempt_open = true;
  driver.tell(Inherited{job, {}, Inherited::Place::queued});
  driver.tell(RecoveryDone{});
  driver.tell(Drain{});
  driver.end_turn();
  REQUIRE(driver.all<Save>().size() == 1);
  CHECK(driver.find<Save>()->what == Save::What::attempt_undone);
  driver.advance(200ms);
  driver.tell(Tick{});
  CHECK(driver.all<Save>().empty());
  CHECK(driver.job(JobId{1}).attempt == 0);
}

TEST_CASE("stop_all stops a durable job that was claimed unseen") {
  // The bug: it was to be taken back only; when that came too late it ran on, and the daemon's end waited for it.
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit(durable());
  driver.end_turn();
  driver.tell(StopAll{});
  driver.tell(Drain{});  // does not make it less than that
  driver.tell(Revoked{id, false});
  REQUIRE(driver.find<StopJob>() != nullptr);
  CHECK(driver.find<StopJob>()->grace == 0s);
  driver.report(id, Ending::signalled, 9);
  CHECK(driver.job(id).outcome == Outcome::interrupted);
}

TEST_CASE("a stored job whose recorded attempt is lost is interrupted, or tried again under the next number") {
  const std::uint16_t retries = GENERATE(0, 1);
  CoreDriver driver;
  driver.join(1);
  Job job = stored_job(40, retries);
  job.attempt = 1;
  job.attempt_open = true;
  driver.tell(Inherited{std::move(job), {}, Inherited::Place::lost});
  if (retries == 0) {
    CHECK(driver.job(JobId{40}).outcome == Outcome::interrupted);
    return;
  }
  REQUIRE(driver.find<AttemptEnded>() != nullptr);
  CHECK(driver.find<AttemptEnded>()->attempt->outcome == Outcome::interrupted);
  driver.end_turn();
  REQUIRE(driver.find<Save>() != nullptr);
  CHECK(driver.find<Save>()->number == 2);
}

TEST_CASE("a lost attempt of a job that was to be cancelled is cancelled and not tried again") {
  // The bug: the cancel was forgotten over the broker's death, and the job was tried again.
  CoreDriver driver;
  Job job = stored_job(40, 5);
  job.attempt = 1;
  job.attempt_open = true;
  job.stop = StopRequest::cancel;
  job.reason = "no more";
  driver.tell(Inherited{std::move(job), {}, Inherited::Place::lost});
  CHECK(driver.job(JobId{40}).outcome == Outcome::cancelled);
  CHECK(driver.job(JobId{40}).reason == "no more");
}

TEST_CASE("an attempt that never started is offered under the number it has, whatever became of those it had waited for") {
  // The bug: its conditions were looked at once more, and it was skipped if one of those had been removed since.
  CoreDriver driver;
  driver.join(1);
  Job job = stored_job(40);
  job.attempt = 1;
  job.attempt_open = true;
  driver.tell(Inherited{std::move(job), {{JobId{7}, Dependency::Needs::success}}, Inherited::Place::queued});
  driver.end_turn();
  CHECK(driver.find<Save>() == nullptr);
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.job(JobId{40}).attempt == 1);
}

TEST_CASE("a stored apply needs no caller to come back, one whose end is in the ledger only is told when it is stored") {
  CoreDriver driver;
  driver.settles = false;
  Job job = stored_job(40);
  job.mode = Mode::apply;
  job.outcome = Outcome::succeeded;
  driver.tell(Inherited{std::move(job), {}, Inherited::Place::unsettled});
  CHECK(driver.find<Ended>() != nullptr);
  CHECK_FALSE(driver.job(JobId{40}).settled);
  CHECK_FALSE(driver.core.next_deadline().has_value());
  driver.tell(Settled{JobId{40}});
  driver.tell(Remove{JobId{40}});
  CHECK(driver.find<Forgotten>()->durable);
}

TEST_CASE("a job that comes back while the store is stuck stays before those that were behind it") {
  // The bug: it went to the end of what was set aside.
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit(durable()), second = driver.submit(durable()), third = driver.submit(durable());
  driver.end_turn();
  REQUIRE(driver.job(first).offered);
  driver.tell(StoreStuck{{}});  // what is offered was recorded before
  driver.end_turn();            // the others are set aside
  driver.tell(Revoked{second, true});
  driver.tell(Revoked{first, true});
  driver.end_turn();
  CHECK(driver.find<OfferJob>() == nullptr);
  driver.tell(StoreMoves{});
  driver.end_turn();
  const auto offers = driver.all<OfferJob>();
  REQUIRE(!offers.empty());
  CHECK(offers[0].job == first);
  if (offers.size() > 1) CHECK(offers[1].job == second);
  CHECK(driver.job(third).state == JobState::ready);
}

TEST_CASE("while the store is stuck ephemeral jobs overtake durable ones, which go on afterwards in their order") {
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit(durable()), second = driver.submit(durable());
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>()->job == first);
  driver.tell(StoreStuck{{first, second}});  // the second is offered behind it
  CHECK_FALSE(driver.job(first).offered);
  CHECK_FALSE(driver.job(second).offered);
  const JobId third = driver.submit(durable()), ephemeral = driver.submit();
  driver.end_turn();
  REQUIRE(driver.all<OfferJob>().size() == 1);
  CHECK(driver.find<OfferJob>()->job == ephemeral);
  CHECK(driver.job(first).attempt == 0);
  driver.start(ephemeral);
  driver.report(ephemeral);
  driver.tell(Cancel{second, Cancel::Haste::grace, "no more"});
  CHECK(driver.job(second).outcome == Outcome::cancelled);
  driver.end_turn();
  CHECK(driver.find<OfferJob>() == nullptr);
  driver.tell(StoreMoves{});
  driver.end_turn();
  REQUIRE(driver.all<OfferJob>().size() == 2);
  CHECK(driver.all<OfferJob>()[0].job == first);
  CHECK(driver.all<OfferJob>()[1].job == third);
  CHECK(driver.core.counts().ready == 2);
}

TEST_CASE("no worker is asked for, or kept, for jobs that a stuck store holds up") {
  // The bug: they were counted as work, and an elastic pool had all of its workers stand by as long as the disk was full.
  CoreDriver driver;
  PoolSettings settings;
  settings.name = "images";
  settings.size = 3;
  settings.min = 1;
  settings.idle_time = 30s;
  const PoolNumber pool = driver.create_pool(settings);
  driver.tell(StaffPools{0});
  driver.end_turn();
  CHECK(driver.all<StartWorker>().size() == 1);
  driver.join_pool(1, pool);
  driver.tell(StoreStuck{{}});
  const JobId held = driver.submit_to(pool, true);
  for (int i = 0; i < 4; ++i) driver.submit_to(pool, true);
  driver.end_turn();
  CHECK(driver.all<StartWorker>().empty());
  CHECK_FALSE(driver.job(held).offered);
  const JobId one = driver.submit_to(pool), other = driver.submit_to(pool);
  driver.end_turn();
  CHECK(driver.all<StartWorker>().size() == 1);  // for the two that can run
  driver.join_pool(2, pool);
  for (const JobId id : {one, other}) {
    driver.end_turn();
    if (!driver.job(id).offered) continue;
    driver.start(id);
    driver.report(id);
  }
  driver.tell(Cancel{other, Cancel::Haste::now, "no more"});
  driver.end_turn();
  driver.advance(30s);
  driver.end_turn();
  CHECK(driver.all<DismissWorker>().size() == 1);
  driver.tell(StoreMoves{});
  driver.end_turn();
  CHECK(driver.all<StartWorker>().size() == 1);  // the third place is taken until the one that was dismissed has gone
  CHECK(driver.job(held).offered);
}

TEST_CASE("what was recorded and offered before the store was stuck counts as work still") {
  CoreDriver driver;
  PoolSettings settings;
  settings.name = "images";
  settings.size = 2;
  settings.min = 0;
  const PoolNumber pool = driver.create_pool(settings);
  driver.tell(StaffPools{0});
  const JobId recorded = driver.submit_to(pool, true);
  driver.end_turn();
  driver.join_pool(1, pool);
  driver.end_turn();
  REQUIRE(driver.job(recorded).offered);
  driver.tell(StoreStuck{{}});
  driver.submit_to(pool);
  driver.end_turn();
  CHECK(driver.all<StartWorker>().size() == 1);
}

TEST_CASE("jobs that a stuck store holds up are no backlog: ephemeral ones are not heaped on one worker for them") {
  CoreDriver driver;
  driver.join(1);
  for (int i = 0; i < 200; ++i) {  // very short ones
    const JobId id = driver.submit();
    driver.end_turn();
    driver.start(id);
    driver.report(id, Ending::returned, 0, 10);
  }
  driver.tell(StoreStuck{{}});
  for (int i = 0; i < 100; ++i) driver.submit(durable());
  for (int i = 0; i < 5; ++i) driver.submit();
  driver.end_turn();
  CHECK(driver.all<OfferJob>().size() == 2);
}
