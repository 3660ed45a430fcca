// The files of a store do not grow for ever.
#include <filesystem>

#include "tests/support/store/trial_disk.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

namespace fs = std::filesystem;

StoreBatch jobs_with_payload(std::uint64_t first, std::uint64_t last, std::size_t bytes) {
  StoreBatch batch;
  for (std::uint64_t i = first; i <= last; ++i) {
    JobRecord record = job(i, "key " + std::to_string(i * 7919 % 10'007));
    record.payload = std::string(bytes, 'p');
    batch.emplace_back(std::move(record));
  }
  return batch;
}

StoreBatch removals(std::uint64_t first, std::uint64_t last) {
  StoreBatch batch;
  for (std::uint64_t i = first; i <= last; ++i) batch.emplace_back(JobRemoval{JobId{i}});
  return batch;
}

}  // namespace

TEST_CASE("when jobs were removed and nothing is committed, the files shrink to what is left") {
  const TempDir dir(TempDir::On::memory);
  const TrialDisk disk(dir.path());  // quick: it does not really sync
  StoreOptions options = disk.options();
  options.idle = std::chrono::milliseconds(1);
  const auto store = loaded(options);
  commit(*store, jobs_with_payload(1, 5'000, 2'000));
  CHECK(fs::file_size(dir.file("jobs.sqlite")) + fs::file_size(dir.file("jobs.sqlite-wal")) > 10'000'000);
  commit(*store, removals(1, 4'990));
  CHECK(wait_until([&] { return fs::file_size(dir.file("jobs.sqlite")) < 1'300'000 && fs::file_size(dir.file("jobs.sqlite-wal")) == 0; }));
}

TEST_CASE("the log stays short while commits go on") {
  const TempDir dir(TempDir::On::memory);
  const TrialDisk disk(dir.path());
  StoreOptions options = disk.options();
  options.idle = std::chrono::minutes(10);
  const auto store = loaded(options);
  std::uintmax_t longest = 0;
  for (std::uint64_t first = 1; first <= 20'000; first += 200) {
    StoreBatch batch = jobs_with_payload(first, first + 199, 1'000);
    if (first > 200) {
      for (StoreWrite& write : removals(first - 200, first - 1)) batch.push_back(std::move(write));
    }
    commit(*store, std::move(batch));
    longest = std::max(longest, fs::file_size(dir.file("jobs.sqlite-wal")));
  }
  CHECK(longest < 8'000'000);
  CHECK(fs::file_size(dir.file("jobs.sqlite")) < 4'000'000);
}

TEST_CASE("an idle store leaves its disk alone") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  StoreOptions options = disk.options();
  options.idle = std::chrono::milliseconds(1);
  const auto store = loaded(options);
  commit(*store, {job(1)});
  REQUIRE(wait_until([&] { return fs::file_size(dir.file("jobs.sqlite-wal")) == 0; }));
  const std::size_t before = disk.changes().size();
  // A read goes through the thread, which would do what is due before it answers the next.
  for (int i = 0; i < 100; ++i) CHECK(result_of(*store, JobId{1}) == "error: job 1: no result");
  CHECK(disk.changes().size() - before <= 1);  // the end of the emptying, if it was seen half way
}
