// What a durable commit costs, beside SQLite's own: one job, and how many jobs a second in batches. Run on a disk, not in memory.
//
//   store_commit [--rounds=5] [--singles=200] [--jobs=50000] [--dir=/var/tmp]
//
// The floor of one commit: a bare connection (WAL, FULL) that inserts the same bytes, on the same file system, in turns with ours.
// The floor of a batch: the same bare connection, the same number of rows in one transaction.
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "daemon/broker/store/sqlite_store.hpp"
#include "tests/bench/bare_commits.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

using namespace broker;

constexpr std::size_t kPayloadBytes = 300;

class Listener : public StoreListener {
 public:
  void on_committed(CommitNumber number) override { committed = number; }
  void on_full(CommitNumber, std::vector<JobId>) override { give_up("the disk is full"); }
  void on_room() override {}
  void on_failed(Error error) override { give_up(error.text); }
  CommitNumber committed = 0;
};

class Ours {
 public:
  explicit Ours(const std::string& dir) {
    StoreOptions options;
    options.state_dir = dir;
    auto store = SqliteStore::open(options);
    if (!store) give_up(store.error().text);
    store_ = std::move(*store);
    if (!store_->load()) give_up("load");
  }
  // As the engine does it: accepted, recorded and ended in one turn.
  void append(StoreBatch& batch) {
    JobRecord job;
    job.id = JobId{++last_};
    job.key = "key " + std::to_string(last_ * 0x9E3779B97F4A7C15);  // spread, as random keys are
    job.payload = std::string(kPayloadBytes, 'p');
    AttemptEnd end;
    end.job = job.id;
    end.attempt.number = 1;
    end.attempt.outcome = Outcome::succeeded;
    batch.emplace_back(AttemptRecord{job.id, 1, 5});
    batch.insert(batch.end() - 1, std::move(job));
    batch.emplace_back(std::move(end));
    batch.emplace_back(JobEnd{JobId{last_}, Outcome::succeeded, 6, "", "42"});
  }
  void commit(StoreBatch batch) {
    const CommitNumber number = store_->commit(std::move(batch));
    wait_for(number);
  }
  // Some batches are under way, so that the store's thread never waits for this one.
  void pipeline(long jobs, long batch_size) {
    for (long done = 0; done < jobs; done += batch_size) {
      StoreBatch batch;
      batch.reserve(static_cast<std::size_t>(batch_size) * 4);
      for (long i = 0; i < batch_size; ++i) append(batch);
      const CommitNumber number = store_->commit(std::move(batch));
      if (number > 8) wait_for(number - 8);
    }
    wait_for(listener_.committed + store_->in_flight());
  }

 private:
  void wait_for(CommitNumber number) {
    for (store_->collect(listener_); listener_.committed < number; store_->collect(listener_)) {
      pollfd ready{.fd = store_->descriptor(), .events = POLLIN, .revents = 0};
      ::poll(&ready, 1, -1);
    }
  }

  std::unique_ptr<SqliteStore> store_;
  Listener listener_;
  std::uint64_t last_ = 0;
};

double per_second(long jobs, const std::function<void()>& body) {
  const auto begin = Clock::now();
  body();
  return static_cast<double>(jobs) * 1e6 / microseconds_since(begin);
}

void measure(const std::string& dir, int argc, char** argv) {
  const long rounds = option(argc, argv, "rounds", 5L), singles = option(argc, argv, "singles", 200L),
             jobs = option(argc, argv, "jobs", 50'000L);
  Ours ours(dir);
  BareCommits bare(dir, kPayloadBytes);
  std::vector<double> one, one_bare;
  for (long round = 0; round < rounds; ++round) {
    one_bare.push_back(median_of(singles, [&] { bare.commit(1); }));
    one.push_back(median_of(singles, [&] {
      StoreBatch batch;
      ours.append(batch);
      ours.commit(std::move(batch));
    }));
  }
  print_figure("commit.one.p50", one, "us");
  print_figure("commit.one.bare.p50", one_bare, "us");
  print_ratio("commit.one.ratio", one, one_bare);
  for (const long batch : {64L, 1'000L}) {
    std::vector<double> rate, rate_bare;
    for (long round = 0; round < rounds; ++round) {
      rate_bare.push_back(per_second(jobs, [&] {
        for (long done = 0; done < jobs; done += batch) bare.commit(batch);
      }));
      rate.push_back(per_second(jobs, [&] { ours.pipeline(jobs, batch); }));
    }
    const std::string key = "commit." + std::to_string(batch);
    print_figure(key + ".jobs", rate, "jobs/s");
    print_figure(key + ".bare.rows", rate_bare, "rows/s");
    print_ratio(key + ".ratio", rate, rate_bare);
  }
}

}  // namespace

int store_commit(int argc, char** argv) {
  std::string dir = option(argc, argv, "dir", std::string("/var/tmp")) + "/jobpool-bench-XXXXXX";
  if (::mkdtemp(dir.data()) == nullptr) give_up(dir);
  measure(dir, argc, argv);
  std::error_code ignored;
  std::filesystem::remove_all(dir, ignored);
  return 0;
}

}  // namespace jobpool::bench
