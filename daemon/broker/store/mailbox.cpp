// See mailbox.hpp.
#include "daemon/broker/store/mailbox.hpp"

#include <sys/eventfd.h>

#include <memory>
#include <utility>

#include "common/eventfd.hpp"

namespace jobpool::broker {

Result<std::unique_ptr<Mailbox>> Mailbox::create() {
  UniqueFd bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!bell) return errno_error("eventfd");
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(bell)));
}

// Under the lock. True: it is to be notified when the lock is free again; on another processor it would only wait for that.
bool Mailbox::wake() { return std::exchange(is_awaited_, false); }

void Mailbox::put(WaitingBatch batch) {
  bool is_woken = false;
  {
    const std::lock_guard lock(mutex_);
    is_woken = batch.urgency <= wakes_ && wake();
    work_.batches.push_back(std::move(batch));
  }
  if (is_woken) work_came_.notify_one();
}

void Mailbox::put(ResultRequest request) {
  bool is_woken = false;
  {
    const std::lock_guard lock(mutex_);
    is_woken = wake();
    work_.requests.push_back(std::move(request));
  }
  if (is_woken) work_came_.notify_one();
}

void Mailbox::put(JobRequest request) {
  bool is_woken = false;
  {
    const std::lock_guard lock(mutex_);
    is_woken = wake();
    work_.job_requests.push_back(std::move(request));
  }
  if (is_woken) work_came_.notify_one();
}

bool Mailbox::is_awaited() const {
  const std::lock_guard lock(mutex_);
  return is_awaited_;
}

// Nothing to wake up for: it is looked at with the next batch.
void Mailbox::put_told(const std::vector<JobId>& jobs) {
  const std::lock_guard lock(mutex_);
  work_.told.insert(work_.told.end(), jobs.begin(), jobs.end());
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  work_.is_last = true;
  if (wake()) work_came_.notify_one();
}

std::vector<News> Mailbox::collect() {
  const std::lock_guard lock(mutex_);
  // Under the lock: all news whose bell is taken away here are there. The bell of others may come yet, and wake the loop for nothing.
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t read = ::read(news_bell_.get(), &rings, sizeof rings);
  return std::exchange(news_, {});
}

Work Mailbox::wait(TimePoint deadline, Urgency wakes) {
  std::unique_lock lock(mutex_);
  if (is_empty()) {
    wakes_ = wakes;
    is_awaited_ = true;
    const auto is_woken = [this] { return !is_awaited_; };
    if (deadline == TimePoint::max())
      work_came_.wait(lock, is_woken);
    else
      work_came_.wait_until(lock, deadline, is_woken);
    is_awaited_ = false;
  }
  return std::exchange(work_, {});
}

bool Mailbox::has_work() const {
  const std::lock_guard lock(mutex_);
  return !is_empty();
}

// The bell is rung when the lock is free again: the loop, woken at once, would only wait for that.
void Mailbox::post(News news) {
  bool are_first = false;
  {
    const std::lock_guard lock(mutex_);
    are_first = news_.empty();
    news_.push_back(std::move(news));
  }
  if (are_first) ring_eventfd(news_bell_.get());
}

}  // namespace jobpool::broker
