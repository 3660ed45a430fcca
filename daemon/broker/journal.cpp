// Batches out, commits in.
#include "daemon/broker/journal.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace jobpool::broker {

void Journal::after(CommitNumber number, std::function<void()> action) {
  if (number <= committed_) return action();
  waiting_[number].push_back(std::move(action));
}

void Journal::end_turn() {
  const bool hurries = std::exchange(hurries_, false);
  // A batch that lost its writes to on_full() has its number all the same: there is what waits for it. An empty one takes the others along.
  const bool is_waited_for = !waiting_.empty() && waiting_.rbegin()->first > last_;
  if (batch_.empty() && !is_waited_for && !(hurries && committed_ < last_)) return;
  const Urgency of_batch = std::exchange(urgency_, Urgency::later);
  const Urgency urgency = hurries || batch_.empty() ? Urgency::now : of_batch;
  handed_over_at_.push_back(Clock::now());
  expected_ = std::max(batch_.size(), expected_ - expected_ / 8);
  last_ = store_.commit(std::exchange(batch_, {}), urgency);
  if (store_.descriptor() < 0) collect();
}

void Journal::on_committed(CommitNumber number) {
  for (; committed_ < number && !handed_over_at_.empty(); ++committed_) {
    commit_times_.add(std::chrono::duration_cast<Microseconds>(Clock::now() - handed_over_at_.front()));
    handed_over_at_.pop_front();
  }
  committed_ = number;
  if (std::exchange(is_stuck_, false)) listener_.on_store_moves();
  while (!waiting_.empty() && waiting_.begin()->first <= number) {
    const auto node = waiting_.extract(waiting_.begin());
    for (const auto& action : node.mapped()) action();  // what one of them adds is carried out at once
  }
}

void Journal::on_full(CommitNumber, std::vector<JobId> refused) {
  listener_.on_not_stored(refused);
  // What was said of them since the last turn, or just now: the store does not know them.
  const std::unordered_set<JobId> gone(refused.begin(), refused.end());
  std::erase_if(batch_, [&](const StoreWrite& write) { return gone.contains(job_of(write)); });
}

}  // namespace jobpool::broker
