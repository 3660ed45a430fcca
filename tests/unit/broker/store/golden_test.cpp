// A store of each version that was ever released stays readable, with everything in it. tests/golden/store-vN.sqlite is such a file, made
// by the command below once and never again; what it holds is beside it as text, its queues apart.
//
//   broker_store_test "[.make-golden]"   writes ./store-vN.sqlite, ./store-vN.txt and ./store-vN.queues.txt, N being today's version
#include <filesystem>
#include <fstream>

#include "daemon/broker/store/schema.hpp"
#include "tests/support/store/queues_text.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

namespace fs = std::filesystem;

const std::string kGolden = JOBPOOL_SOURCE_DIR "/tests/golden/";

// Fixed values, each different from its neighbours, so that no two columns can be mixed up.
StoreBatch golden_batch() {
  JobRecord record;
  record.id = JobId{41};
  record.terms.mode = Mode::apply_async;
  record.terms.kind = shm::JobKind::command;
  record.terms.flags = {.detach = true, .has_descriptors = false, .durable = true};
  record.terms.priority = -3;
  record.terms.retries = 2;
  record.terms.uid = 1000;
  record.terms.grace = Microseconds{5'000'000};
  record.terms.timeout = Microseconds{60'000'000};
  record.terms.backoff = Microseconds{1'500'000};
  record.terms.not_before_usec = 1'700'000'000'000'001;
  record.after = {{JobId{40}, Dependency::Needs::success}, {JobId{39}, Dependency::Needs::end}};
  record.name = "nightly";
  record.description = "caf\xc3\xa9";
  record.key = "key-41";
  record.spec_hash = 0xFEDCBA9876543210;
  record.submitted_usec = 1'700'000'000'000'000;
  record.payload = std::string("\0argv\xff", 6);
  AttemptEnd first;
  first.job = record.id;
  first.attempt.number = 1;
  first.attempt.worker = WorkerNumber{4};
  first.attempt.pid = 4'711;
  first.attempt.started_usec = 1'700'000'000'000'002;
  first.attempt.ended_usec = 1'700'000'000'000'003;
  first.attempt.outcome = Outcome::crashed;
  first.attempt.signal = 9;
  first.attempt.user_usec = 11;
  first.attempt.system_usec = 12;
  first.attempt.max_rss_bytes = 13'000'000;
  first.attempt.reason = "killed by signal 9";
  first.attempt.error_type = "none";
  AttemptEnd of_ended = first;
  of_ended.job = JobId{42};
  of_ended.attempt.outcome = Outcome::failed;
  of_ended.attempt.exit_code = 3;
  of_ended.attempt.signal.reset();
  JobRecord ended = record;
  ended.id = JobId{42};
  ended.key = "key-42";
  return {record,   AttemptRecord{record.id, 1, 7, 70},
          first,    AttemptRecord{record.id, 2, 8, 80},
          ended,    AttemptRecord{ended.id, 1, 9, 90},
          of_ended, JobEnd{ended.id, Outcome::failed, 1'700'000'000'000'004, "exit code 3", "{\"value\":42}"}};
}

// What came with version 2: pools, and jobs in them.
StoreBatch golden_batch_with_pools() {
  StoreBatch batch = golden_batch();
  PoolRecord pool;
  pool.number = PoolNumber{3};
  pool.settings.name = "images";
  pool.settings.size = 5;
  pool.settings.min = 2;
  pool.settings.idle_time = Microseconds{30'000'000};
  pool.settings.max_tasks = 1'000;
  pool.settings.memory_bytes = 536'870'912;
  pool.settings.initializer = "load_model";
  pool.settings.arguments = "[\"small\"]";
  pool.state = PoolState::terminated;
  pool.paused = true;
  PoolRecord plain;
  plain.settings.name = "default";
  plain.deleted = true;  // it never is; for the column's sake
  JobRecord in_pool;
  in_pool.id = JobId{43};
  in_pool.terms.pool = pool.number;
  in_pool.terms.flags.durable = true;
  in_pool.payload = "work";
  batch.insert(batch.begin(), {pool, plain});
  batch.push_back(in_pool);
  return batch;
}

// What came with version 4: threads of a pool's workers.
StoreBatch golden_batch_with_threads() {
  StoreBatch batch = golden_batch_with_pools();
  PoolRecord pool;
  pool.number = PoolNumber{5};
  pool.settings.name = "threads";
  pool.settings.size = 2;
  pool.settings.threads = 7;
  batch.insert(batch.begin(), pool);
  return batch;
}

// What came with version 5: what few jobs have.
StoreBatch golden_batch_with_notes() {
  StoreBatch batch = golden_batch_with_threads();
  JobRecord retried;
  retried.id = JobId{44};
  retried.terms.flags.durable = true;
  retried.notes = {JobId{42}, 0};
  retried.after = {{JobId{41}, Dependency::Needs::failure, true}, {JobId{40}, Dependency::Needs::failure, false}};
  retried.payload = "again";
  JobRecord chunk = retried;
  chunk.id = JobId{45};
  chunk.notes = {JobId{}, 4'096};
  chunk.after.clear();
  batch.push_back(retried);
  batch.push_back(chunk);
  return batch;
}

StoreBatch golden_queues() {
  const QueueId mail{7};
  return {QueueWrite{QueueMade{mail, "mail", 100, true, 1'700'000'000'000'005, 0}},
          QueueWrite{QueueMade{QueueId{9}, "other", 0, true, 1'700'000'000'000'006, 0}},
          QueueWrite{ItemsPut{mail, PutNumber{1}, ItemNumber{11}, {"\"caf\xc3\xa9\"", "{\"a\":[1]}", "null"}, "put-key", 3}},
          QueueWrite{ItemsTaken{mail, "get-key", {ItemNumber{11}}}}, QueueWrite{ItemsDone{mail, 1, "done-key"}}};
}

std::string queues_in(const StoreOptions& options) {
  const auto queues = opened(options)->load_queues();
  REQUIRE(queues);
  return text_of(*queues);
}

// All that a store of today's version can hold.
void write_golden(const StoreOptions& options) {
  const auto store = loaded(options);
  commit(*store, golden_batch_with_notes());
  commit(*store, golden_queues());
}

}  // namespace

TEST_CASE("a store of version 1 is read as it was written, and can be written on") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v1.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v1.txt"));
  commit(*loaded(options_in(dir)), {end(41, "later"), job(43, "key-43")});
  CHECK(opened(options_in(dir))->load()->size() == 3);
}

TEST_CASE("a store of version 2 is read as it was written, and can be written on") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v2.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v2.txt"));
  commit(*loaded(options_in(dir)), {end(41, "later"), job(44, "key-44")});
  CHECK(opened(options_in(dir))->load()->size() == 4);
}

TEST_CASE("a store of version 3 is read as it was written, with its queues") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v3.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v3.txt"));
  CHECK(queues_in(options_in(dir)) == content_of(kGolden + "store-v3.queues.txt"));
}

TEST_CASE("a store of version 4 is read as it was written, with its pools of threads") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v4.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v4.txt"));
  CHECK(queues_in(options_in(dir)) == content_of(kGolden + "store-v4.queues.txt"));
}

TEST_CASE("a store of version 5 is read as it was written, with what few jobs have") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v5.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v5.txt"));
  CHECK(queues_in(options_in(dir)) == content_of(kGolden + "store-v5.queues.txt"));
  commit(*loaded(options_in(dir)), {JobRemoval{JobId{44}}});
  CHECK(text_in(options_in(dir)).find("retry of") == std::string::npos);
}

TEST_CASE("a store of version 6 is read as it was written, with its attempts and their ends apart") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v6.sqlite", dir.file("jobs.sqlite"));
  CHECK(text_in(options_in(dir)) == content_of(kGolden + "store-v6.txt"));
  CHECK(queues_in(options_in(dir)) == content_of(kGolden + "store-v6.queues.txt"));
}

TEST_CASE("of a store of version 5 attempts are found and removed under their new numbers") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v5.sqlite", dir.file("jobs.sqlite"));
  {
    const auto store = loaded(options_in(dir));
    AttemptEnd second;
    second.job = JobId{41};
    second.attempt.number = 2;
    second.attempt.outcome = Outcome::succeeded;
    commit(*store, {second, end(41), JobRemoval{JobId{42}}});
  }
  const auto jobs = opened(options_in(dir))->load();
  REQUIRE(jobs);
  for (const StoredJob& stored : *jobs) {
    CHECK(stored.job.id != JobId{42});
    if (stored.job.id != JobId{41}) continue;
    REQUIRE(stored.attempts.size() == 2);
    CHECK(stored.attempts[0].signal == 9);
    CHECK(stored.attempts[1].outcome == Outcome::succeeded);
  }
}

TEST_CASE("the attempts of neighbours are not removed with a job's") {
  const TempDir dir;
  StoreBatch batch;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    batch.push_back(job(id));
    for (const std::uint32_t number : {1u, 2u, 65'536u}) {
      batch.push_back(AttemptRecord{JobId{id}, number, 5, 7});
      AttemptEnd ended;
      ended.job = JobId{id};
      ended.attempt.number = number;
      ended.attempt.outcome = Outcome::failed;
      batch.push_back(ended);
    }
  }
  batch.push_back(JobRemoval{JobId{2}});
  { commit(*loaded(options_in(dir)), batch); }
  const auto jobs = opened(options_in(dir))->load();  // refuses attempts of a job that is not there
  REQUIRE(jobs);
  REQUIRE(jobs->size() == 2);
  for (const StoredJob& stored : *jobs) {
    REQUIRE(stored.attempts.size() == 3);
    CHECK(stored.attempts.back().number == 65'536);
    CHECK(stored.attempts.back().outcome == Outcome::failed);
  }
}

TEST_CASE("what is written today reads as the golden stores do") {
  const TempDir first, second, third, fourth, fifth;
  { commit(*loaded(options_in(first)), golden_batch()); }
  CHECK(text_in(options_in(first)) == content_of(kGolden + "store-v1.txt"));
  { commit(*loaded(options_in(second)), golden_batch_with_pools()); }
  CHECK(text_in(options_in(second)) == content_of(kGolden + "store-v2.txt"));
  {
    const auto store = loaded(options_in(third));
    commit(*store, golden_batch_with_pools());
    commit(*store, golden_queues());
  }
  CHECK(text_in(options_in(third)) == content_of(kGolden + "store-v3.txt"));
  CHECK(queues_in(options_in(third)) == content_of(kGolden + "store-v3.queues.txt"));
  {
    const auto store = loaded(options_in(fourth));
    commit(*store, golden_batch_with_threads());
    commit(*store, golden_queues());
  }
  CHECK(text_in(options_in(fourth)) == content_of(kGolden + "store-v4.txt"));
  CHECK(queues_in(options_in(fourth)) == content_of(kGolden + "store-v4.queues.txt"));
  write_golden(options_in(fifth));
  CHECK(text_in(options_in(fifth)) == content_of(kGolden + "store-v5.txt"));
  CHECK(queues_in(options_in(fifth)) == content_of(kGolden + "store-v5.queues.txt"));
  CHECK(content_of(kGolden + "store-v6.txt") == content_of(kGolden + "store-v5.txt"));  // another form, nothing more in it
}

TEST_CASE("a key in a store of version 1 is still nobody else's after it was brought to today's") {
  const TempDir dir;
  fs::copy_file(kGolden + "store-v1.sqlite", dir.file("jobs.sqlite"));
  const auto store = loaded(options_in(dir));
  JobRecord twin = job(50, "key-41");
  twin.terms.uid = 1000;
  Told told;
  store->commit({twin});
  REQUIRE(collect_until(*store, told, [&] { return told.has("failed"); }));
}

TEST_CASE("makes the golden store of this version", "[.make-golden]") {
  const TempDir dir;
  write_golden(options_in(dir));
  const std::string name = "store-v" + std::to_string(kSchemaVersion);
  std::ofstream(name + ".txt") << text_in(options_in(dir));
  std::ofstream(name + ".queues.txt") << queues_in(options_in(dir));
  fs::copy_file(dir.file("jobs.sqlite"), name + ".sqlite");
}
