// The Store on a disk: SQLite, one connection on one thread of its own. Lives on the broker's loop, which never waits for the disk.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "daemon/broker/store/committer.hpp"
#include "daemon/broker/store/mailbox.hpp"
#include "daemon/broker/store/open_store.hpp"
#include "daemon/broker/store/store.hpp"
#include "daemon/broker/store/store_options.hpp"

namespace jobpool::broker {

class SqliteStore : public Store {
 public:
  // Opens, checks and if need be creates the store of options.state_dir; takes as long as reading the whole file. Errors: as open_store().
  static Result<std::unique_ptr<SqliteStore>> open(StoreOptions options);
  ~SqliteStore() override;

  // On the caller's thread; the store's thread begins when it has succeeded.
  Result<std::vector<StoredJob>> load() override;
  Result<std::vector<PoolRecord>> load_pools() override;
  Result<std::vector<StoredQueue>> load_queues() override;
  CommitNumber commit(StoreBatch batch, Urgency urgency = Urgency::now) override;
  void read_result(JobId job, std::function<void(Result<std::string>)> done) override;
  void read_job(JobId job, std::function<void(Result<JobRecord>)> done) override;
  void collect(StoreListener& listener) override;
  int descriptor() const override { return mailbox_->descriptor(); }
  bool is_idle() const override { return mailbox_->is_awaited(); }
  std::size_t in_flight() const override { return static_cast<std::size_t>(last_ - told_); }

 private:
  SqliteStore(StoreOptions options, std::unique_ptr<OpenStore> store, Committer committer, std::unique_ptr<Mailbox> mailbox);
  void tell(StoreListener& listener, Committed& news);
  void tell(StoreListener& listener, RefusedJobs& news);
  void tell(StoreListener& listener, RefusedPuts& news);
  void tell(StoreListener& listener, Room& news);
  void tell(StoreListener& listener, Stuck& news);
  void tell(StoreListener& listener, Failed& news);
  void tell(StoreListener& listener, ResultRead& news);
  void tell(StoreListener& listener, JobRead& news);

  const StoreOptions options_;
  const std::unique_ptr<OpenStore> store_;  // the thread's, once it runs
  Committer committer_;                     // likewise
  const std::unique_ptr<Mailbox> mailbox_;
  std::thread thread_;
  CommitNumber last_ = 0, told_ = 0;
};

}  // namespace jobpool::broker
