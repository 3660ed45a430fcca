// Batches out, commits in.
#include "daemon/broker/journal.hpp"

#include <utility>

namespace jobpool::broker {

void Journal::after_commit(std::function<void()> action) {
  if (!is_busy()) return action();
  // With nothing in the batch it waits for what is under way; the batch, when it goes, has the next number.
  waiting_.push_back({batch_.empty() ? last_ : last_ + 1, std::move(action)});
}

void Journal::end_turn() {
  if (batch_.empty()) return;
  last_ = store_.commit(std::exchange(batch_, {}));
  if (store_.descriptor() < 0) collect();
}

void Journal::on_committed(CommitNumber number) {
  while (!waiting_.empty() && waiting_.front().number <= number) {
    const auto action = std::move(waiting_.front().action);
    waiting_.pop_front();
    action();
  }
}

void Journal::on_full(CommitNumber, std::vector<JobId> refused) { listener_.on_not_stored(refused); }

}  // namespace jobpool::broker
