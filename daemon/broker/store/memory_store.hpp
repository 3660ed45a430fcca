// A Store without a disk, turned by hand: for the simulator, the core's tests, and as the model that SqliteStore is held against.
// Nothing is committed before step(). One thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "daemon/broker/queues/stored_queues.hpp"
#include "daemon/broker/store/refusals.hpp"
#include "daemon/broker/store/store.hpp"

namespace jobpool::broker {

class MemoryStore : public Store {
 public:
  Result<std::vector<StoredJob>> load() override;
  Result<std::vector<PoolRecord>> load_pools() override;
  Result<std::vector<StoredQueue>> load_queues() override;
  CommitNumber commit(StoreBatch batch, Urgency urgency = Urgency::now) override;
  void read_result(JobId job, std::function<void(Result<std::string>)> done) override;
  void read_job(JobId job, std::function<void(Result<JobRecord>)> done) override;
  void collect(StoreListener& listener) override;
  int descriptor() const override { return -1; }
  bool is_idle() const override { return waiting_.empty(); }
  std::size_t in_flight() const override { return last_ - told_; }

  // Commits the oldest `batches` of those that wait. While full, their new jobs are refused instead.
  void step(std::size_t batches = SIZE_MAX);

  void become_full() { is_full_ = true; }
  // Likewise, and nothing at all is committed.
  void become_stuck() { is_full_ = is_stuck_ = true; }
  void make_room();

  // From the next step() on nothing is committed; the listener hears of it once. Reads fail as well.
  void fail(const Error& error);

  // The process dies: what was not committed is forgotten, and what was committed but not collected is not told. The next caller begins
  // with load(). A full disk stays full.
  void crash();

  // What is committed of a job; null: nothing.
  struct Entry {
    StoredJob job;  // without these two:
    SharedText payload;
    std::string result;
  };
  const Entry* committed(JobId job) const;

 private:
  struct Waiting {
    CommitNumber number;
    StoreBatch batch;
  };
  using Event = std::function<void(StoreListener&)>;

  void commit_one(Waiting waiting);
  void refuse_from(Waiting& waiting);
  bool refuse_all();
  Result<void> apply(const StoreWrite& write);
  Result<void> apply(const JobRecord& job);
  Result<void> apply(const DependencyMet& met);
  Result<void> apply(const JobDetached& detached);
  Result<void> apply(const AttemptRecord& attempt);
  Result<void> apply(const AttemptUndone& attempt);
  Result<void> apply(const AttemptEnd& end);
  Result<void> apply(const JobEnd& end);
  Result<void> apply(const JobRemoval& removal);
  Result<void> apply(const PoolRecord& pool);
  Result<void> apply(const PoolRemoval& removal);
  Result<void> apply(const QueueWrite& write);
  Result<std::string> result_of(JobId job) const;
  Result<JobRecord> record_of(JobId job) const;

  std::map<JobId, Entry> jobs_;
  std::set<std::pair<uid_t, SharedText>> keys_;
  std::map<PoolNumber, PoolRecord> pools_;
  StoredQueues queues_;
  std::deque<Waiting> waiting_;
  std::vector<std::function<void()>> reads_;
  std::deque<Event> events_;
  Refusals refusals_;
  CommitNumber last_ = 0, told_ = 0;
  bool is_full_ = false, is_stuck_ = false, stuck_told_ = false;
  std::optional<Error> failed_;
};

}  // namespace jobpool::broker
