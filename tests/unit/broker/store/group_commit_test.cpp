// How many transactions batches need: the disk is asked once for all that wait.
#include <condition_variable>
#include <mutex>

#include "tests/support/store/trial_disk.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

// A disk whose log can be held up: a sync waits until it is let go.
class SlowDisk {
 public:
  explicit SlowDisk(const TempDir& dir) : disk(dir.path()) {
    disk.fault = [this](const Change& change) {
      if (change.kind != Change::Kind::sync || change.path != "jobs.sqlite-wal") return 0;
      std::unique_lock lock(mutex_);
      ++syncs_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !is_held_; });
      return 0;
    };
  }
  void hold() { set_held(true); }
  void let_go() { set_held(false); }
  int syncs() {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }
  void wait_for_syncs(int number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return syncs_ >= number; });
  }

  TrialDisk disk;

 private:
  void set_held(bool held) {
    const std::lock_guard lock(mutex_);
    is_held_ = held;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  int syncs_ = 0;
};

}  // namespace

TEST_CASE("batches that come while a transaction is being committed go into the next one together") {
  const TempDir dir(TempDir::On::memory);
  SlowDisk slow(dir);
  StoreOptions options = slow.disk.options();
  options.idle = std::chrono::minutes(10);
  const auto store = loaded(options);
  commit(*store, {job(1)});  // the log is begun
  const int before = slow.syncs();
  slow.hold();
  store->commit({job(2)});
  slow.wait_for_syncs(before + 1);
  for (std::uint64_t i = 3; i < 1'003; ++i) store->commit({job(i), AttemptRecord{JobId{i}, 1, 0}});
  CHECK(store->in_flight() == 1'001);
  slow.let_go();
  Told told;
  REQUIRE(collect_all(*store, told));
  CHECK(told.all.size() == 1'001);
  CHECK(told.all.back() == "committed 1002");
  CHECK(slow.syncs() == before + 2);
}

TEST_CASE("a store is idle when nothing keeps the next batch waiting") {
  const TempDir dir(TempDir::On::memory);
  SlowDisk slow(dir);
  StoreOptions options = slow.disk.options();
  options.idle = std::chrono::minutes(10);
  const auto store = loaded(options);
  CHECK(wait_until([&] { return store->is_idle(); }));
  slow.hold();
  store->commit({job(1)});
  CHECK_FALSE(store->is_idle());
  slow.wait_for_syncs(1);
  CHECK_FALSE(store->is_idle());
  slow.let_go();
  CHECK(wait_until([&] { return store->is_idle(); }));
  CHECK(store->in_flight() == 1);  // though nobody was told yet
}

TEST_CASE("batches without a write cost no write and no sync") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  StoreOptions options = disk.options();
  options.idle = std::chrono::minutes(10);
  const auto store = loaded(options);
  const std::size_t before = disk.changes().size();
  for (int i = 0; i < 10; ++i) commit(*store, {});
  CHECK(disk.changes().size() == before);
}

TEST_CASE("nothing is told before the disk has it") {
  const TempDir dir(TempDir::On::memory);
  SlowDisk slow(dir);
  const auto store = loaded(slow.disk.options());
  slow.hold();
  store->commit({job(1)});
  slow.wait_for_syncs(1);
  Told told;
  store->collect(told);
  CHECK(told.all.empty());
  slow.let_go();
  REQUIRE(collect_all(*store, told));
  CHECK(told.all == Words{"committed 1"});
}

TEST_CASE("what may wait for company is committed without any, and before a store is closed") {
  const TempDir dir(TempDir::On::memory);
  const StoreOptions options = options_in(dir);
  {
    const auto store = loaded(options);
    store->commit({job(1)}, Urgency::later);
    Told told;
    REQUIRE(collect_all(*store, told));
    CHECK(told.all == Words{"committed 1"});
    store->commit({job(2)}, Urgency::later);
  }
  const std::string text = text_in(options);
  CHECK(text.find("job 1") != std::string::npos);
  CHECK(text.find("job 2") != std::string::npos);
}
