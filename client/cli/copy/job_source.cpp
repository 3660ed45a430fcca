// See job_source.hpp.
#include "client/cli/copy/job_source.hpp"

#include <iterator>

namespace jobpool::cli {
namespace {

constexpr std::size_t kMostWaiting = 8192;  // batches of 64: half a million names, some 64 MiB

}  // namespace

void JobSource::put(CopyWork work) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return stopped_ || works_.size() < kMostWaiting; });
  if (stopped_) return;
  works_.push_back(std::move(work));
  news_.notify_one();
}

void JobSource::put_first(std::vector<CopyWork> works) {
  const std::lock_guard lock(mutex_);
  works_.insert(works_.begin(), std::make_move_iterator(works.begin()), std::make_move_iterator(works.end()));
  news_.notify_all();
}

void JobSource::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  news_.notify_all();
}

void JobSource::stop(Error why) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) stopped_ = std::move(why);
  news_.notify_all();
  room_.notify_all();
}

std::optional<CopyWork> JobSource::take() {
  std::unique_lock lock(mutex_);
  news_.wait(lock, [this] { return stopped_ || !works_.empty() || (closed_ && busy_ == 0); });
  if (stopped_ || works_.empty()) return std::nullopt;
  CopyWork work = std::move(works_.front());
  works_.pop_front();
  ++busy_;
  room_.notify_one();
  return work;
}

void JobSource::done() {
  const std::lock_guard lock(mutex_);
  --busy_;
  if (busy_ == 0) news_.notify_all();
}

bool JobSource::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_.has_value();
}

std::optional<Error> JobSource::why_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace jobpool::cli
