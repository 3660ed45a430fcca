// Batches: accepted whole or not at all, ended with the last of their chunks, and cancelled and forgotten together with them.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

Submit durable_batch(std::string key = {}, std::uint64_t hash = 0) {
  Submit event = CoreDriver::a_submission(std::move(key), hash);
  event.flags.durable = true;
  return event;
}

SubmitBatch batch_of(std::size_t chunks, std::string key = {}, std::uint64_t hash = 0) {
  SubmitBatch event;
  for (std::size_t i = 0; i < chunks; ++i) event.chunks.push_back(durable_batch());
  for (Submit& chunk : event.chunks) chunk.token = {};
  event.batch = durable_batch(std::move(key), hash);
  event.batch.flags.batch = true;
  return event;
}

// Its id: the last that was accepted.
JobId submit(CoreDriver& driver, SubmitBatch event) {
  driver.tell(std::move(event));
  const auto accepted = driver.all<Accepted>();
  REQUIRE_FALSE(accepted.empty());
  CHECK(accepted.back().token == Token{77});
  return accepted.back().job;
}

Refusal refused(CoreDriver& driver, SubmitBatch event) {
  driver.tell(std::move(event));
  REQUIRE(driver.effects.size() == 1);
  const auto* refused = driver.find<Refused>();
  REQUIRE(refused != nullptr);
  CHECK(refused->token == Token{77});
  return refused->why;
}

}  // namespace

TEST_CASE("a batch is stored behind its chunks, and names them") {
  CoreDriver driver;
  const JobId batch = submit(driver, batch_of(2));
  CHECK(batch == JobId{3});
  const auto saved = driver.all<Save>();
  REQUIRE(saved.size() == 3);
  CHECK(saved.back().job == batch);
  REQUIRE(saved.back().after.size() == 2);
  CHECK(saved.back().after[1].job == JobId{2});
  CHECK(saved.back().after[1].needs == Dependency::Needs::end);
  REQUIRE(driver.core.chunks(batch) != nullptr);
  CHECK(*driver.core.chunks(batch) == std::vector<JobId>{JobId{1}, JobId{2}});
  CHECK(driver.core.chunks(JobId{1}) == nullptr);
  CHECK(driver.job(batch).state == JobState::waiting);
}

TEST_CASE("a batch succeeds when the last of its chunks has, and no worker runs it") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(2));
  run(driver, JobId{1});
  CHECK(driver.job(batch).state == JobState::waiting);
  run(driver, JobId{2});
  CHECK(driver.job(batch).outcome == Outcome::succeeded);
  CHECK(driver.job(batch).settled);
  CHECK(driver.job(batch).attempt == 0);
}

TEST_CASE("a batch fails when a chunk did, after the others have ended, and names the first") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(3));
  run(driver, JobId{1});
  run(driver, JobId{2}, Ending::threw);
  CHECK(driver.job(batch).state == JobState::waiting);
  run(driver, JobId{3});
  CHECK(driver.job(batch).outcome == Outcome::failed);
  CHECK(driver.job(batch).reason == "1 of 3 chunks did not succeed; the first of them, job 2, ended failed");
}

TEST_CASE("to cancel a batch is to cancel its chunks, and it ends when they have") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(3));
  driver.end_turn();
  driver.start(JobId{1});
  driver.tell(Cancel{batch, Cancel::Haste::grace, "somebody cancelled it"});
  CHECK(driver.find<StopJob>() != nullptr);
  for (const RevokeJob& revoke : driver.all<RevokeJob>()) driver.tell(Revoked{revoke.job, true});
  CHECK(driver.job(JobId{3}).outcome == Outcome::cancelled);
  CHECK(driver.job(batch).state == JobState::waiting);
  driver.report(JobId{1}, Ending::threw);
  CHECK(driver.job(JobId{1}).outcome == Outcome::cancelled);
  CHECK(driver.job(batch).outcome == Outcome::cancelled);
}

TEST_CASE("a batch is removed with its chunks, and not before its end") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(2));
  run(driver, JobId{1});
  driver.tell(Remove{batch});
  CHECK(driver.core.find(batch) != nullptr);
  CHECK(driver.core.find(JobId{1}) != nullptr);
  run(driver, JobId{2});
  driver.tell(Remove{batch});
  CHECK(driver.all<Forgotten>().size() == 3);
  CHECK(driver.core.chunks(batch) == nullptr);
  CHECK(driver.core.counts().done == 0);
}

TEST_CASE("a batch whose chunk was removed has failed") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(2));
  run(driver, JobId{1});
  driver.tell(Remove{JobId{1}});
  run(driver, JobId{2});
  CHECK(driver.job(batch).outcome == Outcome::failed);
  CHECK(driver.job(batch).reason == "1 of 2 chunks did not succeed; the first of them, job 1, is not there any more");
}

TEST_CASE("a batch that finds no room for all of it leaves nothing behind") {
  CoreLimits limits;
  limits.max_queued_jobs = 3;
  CoreDriver driver(limits);
  CHECK(refused(driver, batch_of(3)) == Refusal::queue_full);
  CHECK(driver.core.counts().ready == 0);
  submit(driver, batch_of(2));

  limits.max_queued_jobs = 100;
  limits.max_queued_of_one = 3;
  CoreDriver quota(limits);
  CHECK(refused(quota, batch_of(3)) == Refusal::quota_full);

  limits.max_queued_bytes = 10;
  CoreDriver bytes(limits);
  CHECK(refused(bytes, batch_of(1)) == Refusal::queue_full);
}

TEST_CASE("the dependencies of a batch and of its chunks are counted before it is taken") {
  // The bug: they were counted nowhere, so that a small message could fill the memory.
  CoreLimits limits;
  limits.max_queued_bytes = 4 * 7 + 4 * kDependencyBytes - GENERATE(0, 1);  // with the job that is there already
  CoreDriver driver(limits);
  const JobId first = driver.submit();
  SubmitBatch event = batch_of(2);
  for (Submit& chunk : event.chunks) chunk.after.push_back({first, Dependency::Needs::end});
  driver.tell(std::move(event));
  const bool has_room = limits.max_queued_bytes == 4 * 7 + 4 * kDependencyBytes;
  CHECK((driver.find<Accepted>() != nullptr) == has_room);
  CHECK((driver.find<Refused>() != nullptr) == !has_room);
}

TEST_CASE("a batch is refused while the disk is full, while the daemon goes down, and after a job that there never was") {
  CoreDriver driver;
  SubmitBatch event = batch_of(1);
  event.chunks.front().after.push_back({JobId{9}});
  CHECK(refused(driver, std::move(event)) == Refusal::no_such_dependency);
  driver.tell(StoreFull{});
  CHECK(refused(driver, batch_of(1)) == Refusal::store_full);
  driver.tell(StoreHasRoom{});
  driver.tell(Drain{});
  CHECK(refused(driver, batch_of(1)) == Refusal::not_running);
}

TEST_CASE("a batch that could not be stored is as if it had never come") {
  CoreDriver driver;
  const JobId batch = submit(driver, batch_of(2));
  for (std::uint64_t id = batch.value; id > 0; --id) driver.tell(NotStored{JobId{id}});
  CHECK(driver.core.find(batch) == nullptr);
  CHECK(driver.core.find(JobId{1}) == nullptr);
  CHECK(driver.core.chunks(batch) == nullptr);
  CHECK(driver.core.counts().ready + driver.core.counts().waiting == 0);
}

TEST_CASE("the same key with the same batch is the same batch, with another one a conflict") {
  CoreDriver driver;
  const JobId batch = submit(driver, batch_of(2, "k", 5));
  CHECK(submit(driver, batch_of(2, "k", 5)) == batch);
  CHECK(driver.core.counts().ready == 2);
  driver.tell(batch_of(2, "k", 6));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::key_conflict);
}

TEST_CASE("a batch of an earlier broker ends with the chunks that are left of it") {
  const bool second_failed = GENERATE(false, true);
  CoreDriver driver;
  const auto inherit = [&](std::uint64_t id, Inherited::Place place, bool batch = false) {
    Inherited event;
    event.job.id = JobId{id};
    event.job.mode = Mode::apply_async;
    event.job.flags.durable = true;
    event.job.flags.batch = batch;
    event.job.payload = "p";
    event.job.outcome = Outcome::succeeded;
    event.place = place;
    if (batch) event.after = {{JobId{1}, Dependency::Needs::end}, {JobId{2}, Dependency::Needs::end}};
    driver.tell(std::move(event));
  };
  driver.tell(RecoveryBegun{});
  inherit(1, Inherited::Place::ended);
  inherit(2, Inherited::Place::queued);
  inherit(3, Inherited::Place::queued, true);
  inherit(9, Inherited::Place::ended, true);
  driver.tell(RecoveryDone{});
  CHECK(driver.job(JobId{3}).state == JobState::waiting);
  CHECK(driver.core.chunks(JobId{9})->size() == 2);
  driver.join(1);
  run(driver, JobId{2}, second_failed ? Ending::threw : Ending::returned);
  CHECK(driver.job(JobId{3}).outcome == (second_failed ? Outcome::failed : Outcome::succeeded));
}

// Terminating a pool cancelled a batch at once, while a chunk of it still ran.
TEST_CASE("a batch whose pool is terminated ends with the last of its chunks") {
  CoreDriver driver;
  driver.join(1);
  const JobId batch = submit(driver, batch_of(2));
  driver.end_turn();
  driver.start(JobId{1});
  driver.tell(TerminatePool{kDefaultPoolNumber});
  CHECK(driver.job(batch).state == JobState::waiting);
  for (const RevokeJob& revoked : driver.all<RevokeJob>()) driver.tell(Revoked{revoked.job, true});
  CHECK(driver.job(JobId{2}).outcome == Outcome::cancelled);
  CHECK(driver.job(batch).state == JobState::waiting);
  driver.report(JobId{1});
  CHECK(driver.job(batch).outcome == Outcome::cancelled);
}

TEST_CASE("a batch's chunks are not forgotten before it, and with it") {
  CoreLimits limits;
  limits.kept_async = 2;
  CoreDriver driver(limits);
  driver.join(1);
  const JobId batch = submit(driver, batch_of(3));
  for (const JobId chunk : {JobId{1}, JobId{2}, JobId{3}}) {
    run(driver, chunk);
    driver.end_turn();
  }
  for (const JobId id : {JobId{1}, JobId{2}, JobId{3}, batch}) CHECK(driver.core.find(id) != nullptr);
  const JobId later = driver.submit();
  run(driver, later);
  driver.end_turn();
  for (const JobId id : {JobId{1}, JobId{2}, JobId{3}, batch}) CHECK(driver.core.find(id) == nullptr);
  CHECK(driver.core.find(later) != nullptr);
}

TEST_CASE("a chunk that was kept for its batch can be removed by itself, and the others stay") {
  CoreLimits limits;
  limits.kept_async = 1;
  CoreDriver driver(limits);
  driver.join(1);
  const JobId batch = submit(driver, batch_of(2));
  for (const JobId chunk : {JobId{1}, JobId{2}}) {
    run(driver, chunk);
    driver.end_turn();
  }
  driver.tell(Remove{JobId{1}});
  driver.end_turn();
  CHECK(driver.core.find(JobId{1}) == nullptr);
  CHECK(driver.core.find(JobId{2}) != nullptr);
  driver.tell(Remove{batch});
  CHECK(driver.core.find(JobId{2}) == nullptr);
  CHECK(driver.core.find(batch) == nullptr);
}
