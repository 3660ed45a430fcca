// A vector, a lock and an eventfd. See finished_queue.hpp.
#include "client/cli/copy/finished_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <iterator>
#include <utility>

namespace jobpool::cli {
namespace {

constexpr std::size_t kMostUnread = 65'536;  // some MiB: the reader may stand still behind a pipe that nobody reads

}  // namespace

FinishedQueue::FinishedQueue(std::size_t putters) : news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), putters_(putters) {}

void FinishedQueue::put(std::vector<Finished> names) {
  if (names.empty()) return;
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return names_.size() < kMostUnread; });
  names_.insert(names_.end(), std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
  tell();
}

void FinishedQueue::leave() {
  const std::lock_guard lock(mutex_);
  --putters_;
  tell();
}

std::vector<Finished> FinishedQueue::take() {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  (void)!::read(news_.get(), &count, sizeof count);
  room_.notify_all();
  return std::exchange(names_, {});
}

bool FinishedQueue::has_ended() const {
  const std::lock_guard lock(mutex_);
  return putters_ == 0 && names_.empty();
}

void FinishedQueue::tell() {
  const std::uint64_t one = 1;
  (void)!::write(news_.get(), &one, sizeof one);
}

}  // namespace jobpool::cli
