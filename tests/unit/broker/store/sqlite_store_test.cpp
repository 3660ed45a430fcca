// What is committed is read back as it was, by this store and by the next one.
#include "daemon/broker/store/sqlite_store.hpp"

#include <filesystem>
#include <fstream>
#include <random>

#include "daemon/broker/store/memory_store.hpp"
#include "tests/support/store/history.hpp"
#include "tests/support/test_size.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

namespace fs = std::filesystem;

// The same history into both; the store on the disk is closed and opened now and then.
void compare_with_model(unsigned seed) {
  const TempDir dir(TempDir::On::memory);
  MemoryStore model;
  History history(seed);
  std::mt19937 random(seed);
  for (int life = 0; life < 4; ++life) {
    auto store = opened(options_in(dir));
    REQUIRE(text_of(*store) == text_of(model));
    Told told, told_by_model;
    for (unsigned batches = random() % 60; batches > 0; --batches) {
      const StoreBatch batch = history.next();
      model.commit(batch);
      store->commit(batch);
    }
    model.step();
    model.collect(told_by_model);
    REQUIRE(collect_all(*store, told));
    REQUIRE(told.all == told_by_model.all);
    model.crash();
  }
  REQUIRE(text_in(options_in(dir)) == text_of(model));
}

}  // namespace

TEST_CASE("any history is read back as a store in memory has it") {
  const int histories = heavy_of_size(50, 2'000);
  for (int seed = 1; seed <= histories; ++seed) {
    INFO("seed " << seed);
    compare_with_model(static_cast<unsigned>(seed));
  }
}

TEST_CASE("a new state directory holds an empty store that nobody else may read") {
  const TempDir dir;
  CHECK(text_in(options_in(dir)).empty());
  const auto mode = fs::status(dir.file("jobs.sqlite")).permissions();
  CHECK((mode & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("every commit has its number, and is told once, in order") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  Words expected;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    CHECK(store->commit(i % 3 == 0 ? StoreBatch{} : StoreBatch{job(i)}) == i);
    expected.push_back("committed " + std::to_string(i));
  }
  CHECK(store->in_flight() == 500);
  Told told;
  REQUIRE(collect_all(*store, told));
  CHECK(told.all == expected);
}

TEST_CASE("what is wanted soon waits for company, as long as a commit usually takes") {
  const TempDir dir(TempDir::On::memory);
  const auto store = loaded(options_in(dir));
  commit(*store, {job(1)});
  Told told;
  const TimePoint begin = Clock::now();
  store->commit({end(1)}, Urgency::soon);
  REQUIRE(collect_all(*store, told));
  // A store that has just begun takes a millisecond for usual, and one quick commit for an eighth of what it knows.
  CHECK(Clock::now() - begin >= std::chrono::microseconds(800));
}

TEST_CASE("what is wanted soon is committed with what is wanted now, or by itself a little later") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  commit(*store, {job(1), job(2)});
  Told told;
  store->commit({end(1)}, Urgency::soon);
  store->commit({job(3)});
  REQUIRE(collect_all(*store, told));
  store->commit({end(2)}, Urgency::soon);
  REQUIRE(collect_all(*store, told));
  CHECK(told.all == Words{"committed 2", "committed 3", "committed 4"});
}

TEST_CASE("what is handed over is committed when the store is closed") {
  const TempDir dir;
  {
    const auto store = loaded(options_in(dir));
    for (std::uint64_t i = 1; i <= 100; ++i) store->commit({job(i)});
  }
  CHECK(opened(options_in(dir))->load()->size() == 100);
}

TEST_CASE("a result is read behind the commits before it, short or long") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  const std::string short_result(64 * 1024, 's'), long_result(64 * 1024 + 1, 'l');
  store->commit({job(1), job(2), job(3), job(4)});
  store->commit({end(1, short_result), end(2, long_result), end(3)});
  CHECK(result_of(*store, JobId{1}) == short_result);
  CHECK(result_of(*store, JobId{2}) == long_result);
  CHECK(result_of(*store, JobId{3}).empty());
  CHECK(result_of(*store, JobId{4}) == "error: job 4: no result");
  CHECK_FALSE(fs::exists(dir.file("results/1")));
  CHECK(fs::file_size(dir.file("results/2")) == long_result.size());
  commit(*store, {JobRemoval{JobId{2}}});
  CHECK_FALSE(fs::exists(dir.file("results/2")));
  CHECK(result_of(*store, JobId{2}) == "error: job 2: no result");
}

TEST_CASE("a job's record is read with its payload and dependencies, also when it has ended") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  MemoryStore model;
  JobRecord second = job(2, "key");
  second.name = "second";
  second.payload = std::string("wo\0rk", 5);
  second.terms.priority = -7;
  second.after = {{JobId{1}, Dependency::Needs::success, true}, {JobId{9}, Dependency::Needs::end, false}};
  const StoreBatch batch{job(1), second, end(1)};
  store->commit(batch);
  model.commit(batch);
  model.step();
  for (const std::uint64_t id : {1, 2}) {
    INFO(id);
    CHECK(record_of(*store, JobId{id}) == record_of(model, JobId{id}));
  }
  CHECK(record_of(*store, JobId{2}).find("second") != std::string::npos);
  CHECK(record_of(*store, JobId{3}) == "error: job 3: not in the store");
  CHECK(record_of(model, JobId{3}) == "error: job 3: not in the store");
  commit(*store, {JobRemoval{JobId{1}}});
  CHECK(record_of(*store, JobId{1}) == "error: job 1: not in the store");
}

TEST_CASE("files of results without a row are removed when the store is opened, others stay") {
  const TempDir dir;
  { commit(*loaded(options_in(dir)), {job(1), end(1, std::string(100'000, 'x'))}); }
  for (const char* name : {"results/2", "results/notes", "results/03"}) std::ofstream(dir.file(name)) << "x";
  const auto store = loaded(options_in(dir));
  CHECK(fs::exists(dir.file("results/1")));
  CHECK_FALSE(fs::exists(dir.file("results/2")));
  CHECK(fs::exists(dir.file("results/notes")));
  CHECK(fs::exists(dir.file("results/03")));
}

TEST_CASE("a result whose file was cut short is an error that names it") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  commit(*store, {job(1), end(1, std::string(100'000, 'x'))});
  fs::resize_file(dir.file("results/1"), 99'999);
  CHECK(result_of(*store, JobId{1}).find("results/1: missing or cut short") != std::string::npos);
}

TEST_CASE("a record that breaks the order of records fails the store, and its batch leaves nothing") {
  const TempDir dir;
  {
    const auto store = loaded(options_in(dir));
    commit(*store, {job(1, "key"), job(2)});
    StoreBatch batch = {job(3)};
    SECTION("a key that is taken") { batch.emplace_back(job(4, "key")); }
    SECTION("a job twice") { batch.emplace_back(job(1)); }
    SECTION("an end of an attempt that was not recorded") { batch.emplace_back(AttemptEnd{JobId{1}, {}}); }
    SECTION("an end of an attempt that was undone") {
      AttemptEnd undone{JobId{1}, {}};
      undone.attempt.number = 1;
      batch.insert(batch.end(), {AttemptRecord{JobId{1}, 1, 5, 1}, AttemptUndone{JobId{1}, 1}, undone});
    }
    SECTION("an end of an attempt of a job that was removed") {
      AttemptEnd removed{JobId{1}, {}};
      removed.attempt.number = 1;
      batch.insert(batch.end(), {AttemptRecord{JobId{1}, 1, 5, 1}, JobRemoval{JobId{1}}, removed});
    }
    SECTION("an undone attempt that was not recorded") { batch.emplace_back(AttemptUndone{JobId{1}, 1}); }
    SECTION("two ends") { batch.insert(batch.end(), {end(2), end(2)}); }
    Told told;
    store->commit(batch);
    REQUIRE(collect_all(*store, told));
    CHECK(told.all == Words{"failed"});
    CHECK(told.failure.code == Errc::invalid_argument);
    CHECK(told.failure.text.find("job ") == 0);
    store->commit({job(5)});
    CHECK(result_of(*store, JobId{1}).find("error: ") == 0);
    CHECK(store->in_flight() == 2);
  }
  CHECK(opened(options_in(dir))->load()->size() == 2);
}

TEST_CASE("an attempt's end that is said again takes the place of the first") {
  const TempDir dir;
  AttemptEnd first{JobId{1}, {}};
  first.attempt.number = 1;
  first.attempt.outcome = Outcome::crashed;
  first.attempt.reason = "by the broker that died";
  AttemptEnd again = first;
  again.attempt.reason = "by the next one";
  {
    const auto store = loaded(options_in(dir));
    commit(*store, {job(1), AttemptRecord{JobId{1}, 1, 5, 1}, first});
    commit(*store, {again});
  }
  const auto jobs = opened(options_in(dir))->load();
  REQUIRE(jobs);
  REQUIRE(jobs->front().attempts.size() == 1);
  CHECK(jobs->front().attempts.front().reason == "by the next one");
}

TEST_CASE("a key is one uid's own, and free again with its job's removal") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  JobRecord of_another = job(2, "key");
  of_another.terms.uid = 7;
  commit(*store, {job(1, "key"), of_another, job(3), job(4)});
  commit(*store, {JobRemoval{JobId{1}}, job(5, "key"), JobRemoval{JobId{99}}});
}
