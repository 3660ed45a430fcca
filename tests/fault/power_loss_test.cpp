// The power goes at every sync of a store's life: what was told committed is there, and every batch is there whole or not at all.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>

#include "daemon/broker/store/memory_store.hpp"
#include "daemon/broker/store/sqlite_store.hpp"
#include "tests/fault/power_losses.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/store/history.hpp"
#include "tests/support/store/stored_text.hpp"
#include "tests/support/store/told.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;
using namespace jobpool::fault;

namespace {

using Kind = Change::Kind;

struct Life {
  std::vector<Change> changes;
  std::vector<std::string> texts;  // what the store holds after 0, 1, 2 … batches
};

StoreOptions small(StoreOptions options) {
  options.inline_result_bytes = 500;
  options.ballast_bytes = 4096;
  return options;
}

// Lives of stores on one disk, one after the other, and what each of them should hold.
class Lives {
 public:
  explicit Lives(unsigned seed) : random(seed), history_(seed, 3'000) { life.texts.push_back(text_of(model_)); }

  std::unique_ptr<SqliteStore> open() {
    StoreOptions options = small(disk.options());
    options.idle = std::chrono::milliseconds(random() % 2 == 0 ? 0 : 60'000);
    options.log_room_bytes = random() % 2 == 0 ? 0 : 20'000;  // so that the log is emptied again and again, with and without room
    auto store = SqliteStore::open(options);
    REQUIRE(store);
    return std::move(*store);
  }

  // Commits alone and many at a time, idle and busy, until the disk fails. Marks: how many batches were told.
  void commit_some(SqliteStore& store) {
    const std::size_t before = life.texts.size() - 1;
    Told told;
    for (int i = 0; i < 15 && !told.has("failed"); ++i) {
      for (unsigned batches = random() % 3 == 0 ? 8 : 1; batches > 0; --batches) {
        const StoreBatch batch = history_.next();
        model_.commit(batch);
        model_.step();
        life.texts.push_back(text_of(model_));
        store.commit(batch);
      }
      REQUIRE(collect_all(store, told));
      disk.mark(told_ = before + told.committed);
    }
  }
  std::size_t told() const { return told_; }

  std::mt19937 random;
  const TempDir dir{TempDir::On::memory};
  TrialDisk disk{dir.path()};
  Life life;

 private:
  History history_;
  MemoryStore model_;
  std::size_t told_ = 0;
};

Life live(unsigned seed) {
  Lives lives(seed);
  for (int store_number = 0; store_number < 3; ++store_number) {
    const auto store = lives.open();
    REQUIRE(store->load());
    lives.commit_some(*store);
    REQUIRE(store->in_flight() == 0);
  }
  lives.life.changes = lives.disk.changes();
  return std::move(lives.life);
}

struct Death {
  Life life;
  std::size_t told, found;  // batches: before it, after it
  DiskModel model;          // then
};

// The second store dies before some sync (that is when most is open); the third finds what it left.
Death die(unsigned seed) {
  Lives lives(seed);
  std::atomic<int> left{std::numeric_limits<int>::max()};
  lives.disk.fault = [&](const Change& change) { return left <= 0 || (change.kind == Kind::sync && --left == 0) ? EIO : 0; };
  for (int store_number = 0; store_number < 2; ++store_number) {
    const auto store = lives.open();
    REQUIRE(store->load());
    if (store_number == 1) left = 1 + static_cast<int>(lives.random() % 20);
    lives.commit_some(*store);
  }
  lives.disk.fault = nullptr;
  const auto store = lives.open();
  const DiskModel model = model_of(lives.disk);  // before it is closed, which tidies up
  const auto& texts = lives.life.texts;
  const auto found = std::find(texts.begin() + static_cast<std::ptrdiff_t>(lives.told()), texts.end(), text_of(*store));
  REQUIRE(found != texts.end());
  return {lives.life, lives.told(), static_cast<std::size_t>(found - texts.begin()), model};
}

// The number of batches that the store has which is found on such a disk; none: something is lost, or half there.
std::optional<std::size_t> batches_in(const std::map<std::string, std::string>& files, const Life& life, std::size_t told) {
  const TempDir dir(TempDir::On::memory);
  write_files(dir.path(), files);
  const TrialDisk disk(dir.path());  // quick: no real sync
  auto store = SqliteStore::open(small(disk.options()));
  const std::string found = store ? text_of(**store) : "error: " + store.error().text;
  for (std::size_t batches = told; batches < life.texts.size(); ++batches)
    if (life.texts[batches] == found) return batches;
  UNSCOPED_INFO("told " << told << ", found:\n" << found);
  return std::nullopt;
}

struct Score {
  int states = 0, lost = 0;
};

// The power goes before each sync (that is when most is open) and at the end, `ways` times each.
Score lose_power(const Life& life, DiskModel model, int ways, std::mt19937& random) {
  Score score;
  std::size_t told = 0;
  const auto try_all_ways = [&] {
    for (int way = 0; way < ways; ++way, ++score.states) score.lost += batches_in(model.after_power_loss(random), life, told) ? 0 : 1;
  };
  for (const Change& change : life.changes) {
    if (change.kind == Kind::sync || change.kind == Kind::sync_directory) try_all_ways();
    if (change.kind == Kind::mark) told = static_cast<std::size_t>(change.offset);
    model.apply(change);
  }
  try_all_ways();
  return score;
}

JobRecord job(std::uint64_t id) {
  JobRecord record;
  record.id = JobId{id};
  return record;
}

// False: the store has failed.
bool commit_one(SqliteStore& store, std::uint64_t id) {
  Told told;
  store.commit({job(id)});
  return collect_all(store, told) && !told.has("failed");
}

// In a store that is found after the power went, one of the many ways; none: it cannot be opened.
std::optional<std::size_t> jobs_after(const DiskModel& model, std::mt19937& random) {
  const TempDir dir(TempDir::On::memory);
  write_files(dir.path(), model.after_power_loss(random));
  const TrialDisk disk(dir.path());
  auto store = SqliteStore::open(small(disk.options()));
  if (!store) return std::nullopt;
  const auto jobs = (*store)->load();
  return jobs ? std::optional(jobs->size()) : std::nullopt;
}

}  // namespace

TEST_CASE("no power loss loses a batch that was told committed, or leaves a part of one") {
  const int wanted = of_size(2'000, 100'000);
  int states = 0;
  for (unsigned seed = 1; states < wanted; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const Score score = lose_power(live(seed), DiskModel(), 2, random);
    REQUIRE(score.lost == 0);
    states += score.states;
  }
  CHECK(states >= wanted);
}

TEST_CASE("nor does it after a store has died, and the next one told what it found") {
  const int deaths = of_size(50, 2'000);
  int untold = 0;
  for (unsigned seed = 1; seed <= static_cast<unsigned>(deaths); ++seed) {
    INFO("seed " << seed);
    const Death death = die(seed);
    std::mt19937 random(seed);
    for (int way = 0; way < 4; ++way) REQUIRE(batches_in(death.model.after_power_loss(random), death.life, death.found));
    untold += death.found > death.told ? 1 : 0;
  }
  CHECK(untold > deaths / 10);  // where it tells more than was told before
}

// The bugs: a broker that died between a commit and its sync left a log that the disk did not have; the next one read it and told of it,
// and a power loss took it back. And where the sync had failed, no later one brought it there.
TEST_CASE("what a store finds when it is opened survives the power as well") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_failing{false};
  disk.fault = [&](const Change& change) { return is_failing && change.kind == Kind::sync ? EIO : 0; };
  {
    auto store = SqliteStore::open(small(disk.options()));
    REQUIRE(store);
    REQUIRE((*store)->load());
    REQUIRE(commit_one(**store, 1));
    is_failing = true;
    REQUIRE_FALSE(commit_one(**store, 2));
  }
  is_failing = false;
  auto store = SqliteStore::open(small(disk.options()));
  REQUIRE(store);
  const DiskModel model = model_of(disk);
  REQUIRE((*store)->load()->size() == 2);
  std::mt19937 random(1);
  for (int way = 0; way < 20; ++way) CHECK(jobs_after(model, random) == 2);
}

// The bug: where the first broker had died when the new store had its name, and before the disk knew of that, nobody synced it any more.
TEST_CASE("wherever the making of a store was cut off, what the next one commits survives the power") {
  std::mt19937 random(1);
  const auto make = [](TrialDisk& disk) { return static_cast<bool>(SqliteStore::open(small(disk.options()))); };
  cut_off_at_each_change(make, [&](TrialDisk& disk) {
    auto store = SqliteStore::open(small(disk.options()));
    REQUIRE(store);
    REQUIRE((*store)->load());
    REQUIRE(commit_one(**store, 1));
    const DiskModel model = model_of(disk);
    for (int way = 0; way < 5; ++way) CHECK(jobs_after(model, random) == 1);
  });
}

TEST_CASE("with a disk that only says that it syncs, batches are lost, and this test sees it") {
  std::mt19937 random(1);
  CHECK(lose_power(live(1), DiskModel(DiskModel::Syncs::ignored), 1, random).lost > 10);
}
