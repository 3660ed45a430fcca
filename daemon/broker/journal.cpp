// Batches out, commits in.
#include "daemon/broker/journal.hpp"

#include <utility>

namespace jobpool::broker {

void Journal::after(CommitNumber number, std::function<void()> action) {
  if (number <= committed_) return action();
  waiting_.emplace(number, std::move(action));
}

void Journal::end_turn() {
  if (batch_.empty()) return;
  last_ = store_.commit(std::exchange(batch_, {}));
  if (store_.descriptor() < 0) collect();
}

void Journal::on_committed(CommitNumber number) {
  committed_ = number;
  while (!waiting_.empty() && waiting_.begin()->first <= number) {
    const auto node = waiting_.extract(waiting_.begin());
    node.mapped()();
  }
}

void Journal::on_full(CommitNumber, std::vector<JobId> refused) { listener_.on_not_stored(refused); }

}  // namespace jobpool::broker
