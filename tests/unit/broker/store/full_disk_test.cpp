// A full disk refuses new jobs and finishes old ones; with room again, all is as before.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <utility>

#include "daemon/broker/store/memory_store.hpp"
#include "tests/support/store/history.hpp"
#include "tests/support/store/trial_disk.hpp"
#include "tests/support/test_size.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

JobRecord large_job(std::uint64_t id) {
  JobRecord record = job(id);
  record.payload = std::string(50'000, 'p');
  return record;
}

AttemptEnd attempt_end(std::uint64_t id) {
  AttemptEnd end;
  end.job = JobId{id};
  end.attempt.number = 1;
  return end;
}

StoreOptions hasty(const TrialDisk& disk) {
  StoreOptions options = disk.options();
  options.try_again = std::chrono::milliseconds(2);
  options.ballast_bytes = 1024 * 1024;
  return options;
}

// Jobs that were refused, by what was told.
class Listener : public Told {
 public:
  void on_full(CommitNumber number, std::vector<JobId> jobs) override {
    refused.insert(refused.end(), jobs.begin(), jobs.end());
    Told::on_full(number, std::move(jobs));
  }
  StoreBatch without_refused(StoreBatch batch) const {
    std::erase_if(batch,
                  [&](const StoreWrite& write) { return std::find(refused.begin(), refused.end(), job_of(write)) != refused.end(); });
    return batch;
  }
  std::vector<JobId> refused;
};

// Commits large jobs, one a batch, until one is refused. Returns the first id that was.
std::uint64_t fill_up(Store& store, Told& told) {
  for (std::uint64_t id = 1;; ++id) {
    const CommitNumber number = store.commit({large_job(id), AttemptRecord{JobId{id}, 1, 0}});
    REQUIRE(collect_until(store, told, [&] { return store.in_flight() == 0; }));
    if (told.has("full " + std::to_string(number) + ": " + std::to_string(id))) return id;
  }
}

}  // namespace

TEST_CASE("when the disk is full new jobs are refused, old ones end, and room brings new ones back") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  const auto store = loaded(hasty(disk));
  disk.set_room(1'000'000);
  Told told;
  const std::uint64_t refused = fill_up(*store, told);
  REQUIRE(refused > 3);
  // What the engine says before it has been told of the refusal, and another new job.
  store->commit({end(1, "result"), JobRemoval{JobId{2}}, AttemptUndone{JobId{3}, 1}});
  store->commit({large_job(refused + 1), end(refused + 1)});
  REQUIRE(collect_all(*store, told));
  CHECK(result_of(*store, JobId{1}) == "result");
  CHECK_FALSE(told.has("failed"));

  disk.set_room(100'000'000);
  REQUIRE(collect_until(*store, told, [&] { return told.all.back() == "room"; }));
  store->commit({large_job(1'000)});
  REQUIRE(collect_all(*store, told));
  CHECK(told.all.back() == "committed " + std::to_string(told.committed));
  CHECK(result_of(*store, JobId{1'000}) == "error: job 1000: no result");
}

TEST_CASE("jobs refused in one go with old ones leave nothing behind, whatever was said of them") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  auto store = loaded(hasty(disk));
  commit(*store, {job(1)});
  disk.set_room(0);
  store->commit({large_job(2), AttemptRecord{JobId{2}, 1, 0}, AttemptRecord{JobId{1}, 1, 0}});
  store->commit({attempt_end(2), end(2, std::string(100'000, 'r')), attempt_end(1), end(1)});
  Told told;
  REQUIRE(collect_all(*store, told));
  CHECK(told.has("full 2: 2"));
  CHECK(told.committed == 3);
  store.reset();
  disk.set_room(-1);
  const auto jobs = opened(disk.options())->load();
  REQUIRE(jobs->size() == 1);
  CHECK(jobs->front().ended);
  CHECK(jobs->front().attempts.size() == 1);
}

TEST_CASE("when there is no room even for the ends they wait, and are committed as soon as there is") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_stuck{false};
  std::atomic<int> refusals_of_the_disk{0};
  disk.fault = [&](const Change& change) {
    if (!is_stuck || change.kind != Change::Kind::write) return 0;
    ++refusals_of_the_disk;
    return ENOSPC;
  };
  const auto store = loaded(hasty(disk));
  commit(*store, {job(1), job(2)});
  is_stuck = true;
  store->commit({job(3), end(1, "first")});
  Told told;
  REQUIRE(collect_until(*store, told, [&] { return !told.all.empty(); }));
  CHECK(told.all == Words{"full 2: 3"});
  // New jobs are refused at once, results can be read at once, though nothing can be committed.
  store->commit({job(4), end(2, "second")});
  REQUIRE(collect_until(*store, told, [&] { return told.all.size() == 2; }));
  CHECK(told.all.back() == "full 3: 4");
  CHECK(result_of(*store, JobId{2}) == "second");
  CHECK(store->in_flight() == 2);
  // The bug: nobody was told of that; durable jobs whose attempts waited to be recorded held all workers.
  REQUIRE(collect_until(*store, told, [&] { return told.stuck > 0; }));
  const int before = refusals_of_the_disk;
  while (refusals_of_the_disk < before + 10) CHECK(result_of(*store, JobId{1}) == "first");  // it goes on trying
  is_stuck = false;
  REQUIRE(collect_until(*store, told, [&] { return told.has("room"); }));
  CHECK(told.all == Words{"full 2: 3", "full 3: 4", "committed 2", "committed 3", "room"});
  CHECK(told.stuck == 1);
}

// With ends that waited for room its thread turned in a circle: it was woken at once for what it could not do meanwhile.
TEST_CASE("a store whose disk stays full sleeps between its tries") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_stuck{false};
  std::atomic<int> refusals_of_the_disk{0};
  disk.fault = [&](const Change& change) {
    if (!is_stuck || change.kind != Change::Kind::write) return 0;
    ++refusals_of_the_disk;
    return ENOSPC;
  };
  StoreOptions options = hasty(disk);
  options.try_again = std::chrono::milliseconds(300);
  const auto store = loaded(options);
  commit(*store, {job(1)});
  is_stuck = true;
  store->commit({job(3), end(1, "first")});
  Told told;
  REQUIRE(collect_until(*store, told, [&] { return !told.all.empty(); }));
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
  };
  const auto before = used();
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration tried{0};  // up to the last refusal that was seen
  for (int seen = refusals_of_the_disk; tried < std::chrono::seconds(1); tried = std::chrono::steady_clock::now() - begin)
    REQUIRE(wait_until([&] { return std::exchange(seen, refusals_of_the_disk) != seen; }));
  CHECK(used() - before < 300);  // ms, of a thousand
  is_stuck = false;
  REQUIRE(collect_until(*store, told, [&] { return told.has("room"); }));
}

TEST_CASE("a store that is opened on a full disk refuses new jobs and ends old ones") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  { commit(*loaded(hasty(disk)), {job(1)}); }
  disk.set_room(200'000);
  StoreOptions options = hasty(disk);
  options.ballast_bytes *= 4;  // there is room for what there was, not for this
  const auto store = loaded(options);
  store->commit({job(2), end(1)});
  Told told;
  REQUIRE(collect_all(*store, told));
  CHECK(told.all == Words{"full 1: 2", "committed 1"});
  disk.set_room(100'000'000);
  REQUIRE(collect_until(*store, told, [&] { return told.has("room"); }));
}

TEST_CASE("a store whose log cannot be written again, since a full disk writes nothing in place, opens with what it has") {
  const int no_room = GENERATE(ENOSPC, EDQUOT, EFBIG);  // the bug, twice: that there is no room was known by the first of its names alone
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_failing{false}, is_full{false};
  disk.fault = [&](const Change& change) {
    if (is_failing) return EIO;
    return is_full && change.kind == Change::Kind::write && change.path == "jobs.sqlite-wal" ? no_room : 0;
  };
  {
    const auto store = loaded(hasty(disk));
    commit(*store, {job(1)});
    is_failing = true;  // it dies, and leaves its log
  }
  is_failing = false;
  is_full = true;
  const auto store = opened(disk.options());
  const auto jobs = store->load();
  REQUIRE(jobs);
  CHECK(jobs->size() == 1);
}

TEST_CASE("wherever the disk becomes full, all that was not refused is committed") {
  constexpr int kPlaces = 400;
  const int stride = kPlaces / std::max(heavy_of_size(130, kPlaces), 26);
  for (int at = 0; at < kPlaces; at += stride) {
    INFO("change " << at);
    const int no_room =
        std::array{ENOSPC, EDQUOT, EFBIG}.at(static_cast<std::size_t>(at / stride % 3));  // a disk's, a quota's, `ulimit -f`
    const TempDir dir(TempDir::On::memory);
    TrialDisk disk(dir.path());
    StoreOptions options = hasty(disk);
    options.inline_result_bytes = 500;
    options.ballast_bytes = 4096;
    auto store = loaded(options);
    std::atomic<int> left{at};
    // Full for a few changes in a row, so that the second try meets it as well now and then.
    disk.fault = [&](const Change& change) {
      if (change.kind == Change::Kind::mark || change.kind == Change::Kind::sync || change.kind == Change::Kind::sync_directory) return 0;
      const int now = left--;
      return now <= 0 && now > -(at / stride % 5 + 1) && change.kind == Change::Kind::write ? no_room : 0;
    };
    History history(static_cast<unsigned>(at), 3'000);
    std::vector<StoreBatch> batches;
    Listener told;
    for (int i = 0; i < 60; ++i) {
      batches.push_back(told.without_refused(history.next()));
      store->commit(batches.back());
      if (i % 7 == 0) REQUIRE(collect_all(*store, told));
    }
    REQUIRE(collect_all(*store, told));
    if (told.has("failed")) FAIL(told.failure.text);
    store.reset();
    disk.fault = nullptr;

    MemoryStore model;
    for (const StoreBatch& batch : batches) model.commit(told.without_refused(batch));
    model.step();
    REQUIRE(text_in(disk.options()) == text_of(model));
  }
}
