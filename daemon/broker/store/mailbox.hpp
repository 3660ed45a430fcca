// The one thing that the loop's thread and the store's thread both touch: work goes in, news comes out. Each call holds the lock for a few
// moves of pointers and never while a file is touched.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/store/store.hpp"

namespace jobpool::broker {

struct WaitingBatch {
  CommitNumber number = 0;
  StoreBatch writes;
  Urgency urgency = Urgency::now;
};

struct ResultRequest {
  JobId job;
  std::function<void(Result<std::string>)> done;  // only carried by the store's thread; called, and destroyed, by the loop's
};

struct JobRequest {  // likewise
  JobId job;
  std::function<void(Result<JobRecord>)> done;
};

struct Work {
  std::vector<WaitingBatch> batches;
  std::vector<ResultRequest> requests;
  std::vector<JobRequest> job_requests;
  std::vector<JobId> told;  // refused jobs that the caller knows of: said of in no batch after these
  bool is_last = false;     // the store is being closed
};

struct Committed {
  CommitNumber first, last;
};
struct RefusedJobs {
  CommitNumber number;
  std::vector<JobId> jobs;
};
struct RefusedPuts {
  CommitNumber number;
  std::vector<PutNumber> puts;
};
struct Room {};
struct Stuck {};
struct Failed {
  Error error;
};
struct ResultRead {
  ResultRequest request;
  Result<std::string> result;
};
struct JobRead {
  JobRequest request;
  Result<JobRecord> job;
};
using News = std::variant<Committed, RefusedJobs, RefusedPuts, Room, Stuck, Failed, ResultRead, JobRead>;

class Mailbox {
 public:
  // Errors: io (no descriptor left).
  static Result<std::unique_ptr<Mailbox>> create();

  // The loop's thread.
  void put(WaitingBatch batch);
  void put(ResultRequest request);
  void put(JobRequest request);
  void put_told(const std::vector<JobId>& jobs);
  void close();
  std::vector<News> collect();
  int descriptor() const { return news_bell_.get(); }
  // The store's thread sleeps: what it is given now it begins with at once.
  bool is_awaited() const;

  // The store's thread. Returns all work when there is some, at the latest at `deadline` (none: TimePoint::max()). While it waits, batches
  // that are less urgent than `wakes` only join that.
  Work wait(TimePoint deadline, Urgency wakes = Urgency::later);
  bool has_work() const;
  void post(News news);

 private:
  explicit Mailbox(UniqueFd news_bell) : news_bell_(std::move(news_bell)) {}
  bool is_empty() const { return work_.batches.empty() && work_.requests.empty() && work_.job_requests.empty() && !work_.is_last; }
  bool wake();

  const UniqueFd news_bell_;  // an eventfd: readable while news_ is not empty
  mutable std::mutex mutex_;
  std::condition_variable work_came_;
  // Under mutex_:
  Work work_;
  bool is_awaited_ = false;         // the store's thread sleeps, and has not been woken
  Urgency wakes_ = Urgency::later;  // by what
  std::vector<News> news_;
};

}  // namespace jobpool::broker
