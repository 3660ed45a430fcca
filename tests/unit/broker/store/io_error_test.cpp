// Whatever call to the disk fails: what was told committed is there afterwards, whole batches only, and a failure is told once. Each call
// at night; each fourth in CI, from a drawn one on.
#include <algorithm>
#include <atomic>

#include "daemon/broker/store/memory_store.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/store/history.hpp"
#include "tests/support/store/trial_disk.hpp"
#include "tests/support/test_size.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

constexpr int kBatches = 40;

// What a store holds after each number of batches, 0 to all.
Words texts_after_each(unsigned seed) {
  MemoryStore model;
  History history(seed, 3'000);
  Words texts = {text_of(model)};
  for (int i = 0; i < kBatches; ++i) {
    model.commit(history.next());
    model.step();
    texts.push_back(text_of(model));
  }
  return texts;
}

struct Run {
  bool was_opened = false, has_failed = false;
  CommitNumber committed = 0;
  int changes = 0;  // that the store wanted to make
};

// Opens a store and commits the history, while the change of number `failing` fails with an I/O error.
Run run_with_failure(TrialDisk& disk, unsigned seed, int failing) {
  Run run;
  std::atomic<int> changes{0};
  disk.fault = [&](const Change&) { return changes++ == failing ? EIO : 0; };
  StoreOptions options = disk.options();
  options.inline_result_bytes = 500;
  options.ballast_bytes = 4096;
  options.idle = std::chrono::milliseconds(0);
  options.log_room_bytes = 20'000;  // the log is emptied again and again
  if (auto store = SqliteStore::open(options); store && (*store)->load()) {
    run.was_opened = true;
    History history(seed, 3'000);
    Told told;
    for (int i = 0; i < kBatches; ++i) {
      (*store)->commit(history.next());
      if (i % 3 == 0) REQUIRE(collect_all(**store, told));
    }
    REQUIRE(collect_all(**store, told));
    run.has_failed = told.has("failed");
    run.committed = told.committed;
    CHECK(std::count(told.all.begin(), told.all.end(), "failed") == (run.has_failed ? 1 : 0));
    CHECK((!run.has_failed || told.all.back() == "failed"));
    CHECK((run.has_failed || (*store)->in_flight() == 0));
  }
  disk.fault = nullptr;
  run.changes = changes;
  return run;
}

}  // namespace

TEST_CASE("an I/O error at any change of the disk fails the store or harms nothing, and loses no commit") {
  constexpr unsigned kSeed = 5;
  const Words texts = texts_after_each(kSeed);
  const int stride = of_size(4, 1);
  const unsigned drawn = any_seed();
  int failures = 0, refusals_to_open = 0, failing = static_cast<int>(drawn % static_cast<unsigned>(stride));
  for (bool was_reached = true; was_reached; failing += stride) {
    INFO("change " << failing << ", seed " << drawn);
    const TempDir dir(TempDir::On::memory);
    TrialDisk disk(dir.path());
    const Run run = run_with_failure(disk, kSeed, failing);
    was_reached = run.changes > failing;
    failures += run.has_failed ? 1 : 0;
    refusals_to_open += run.was_opened ? 0 : 1;
    const std::string found = text_in(disk.options());
    bool is_whole = false;
    for (std::size_t after = run.committed; after < texts.size(); ++after) is_whole = is_whole || texts[after] == found;
    REQUIRE(is_whole);
    if (!run.has_failed && run.was_opened) REQUIRE(run.committed == kBatches);
  }
  CHECK(failing > 100);
  CHECK(failures > 30 / stride);
  if (stride == 1) CHECK(refusals_to_open > 3);  // a few of the first changes, which a wider stride may step over
}
