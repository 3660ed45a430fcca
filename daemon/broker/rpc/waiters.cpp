// Who waits for which job's end, and until when.
#include "daemon/broker/rpc/waiters.hpp"

#include <iterator>
#include <utility>

namespace jobpool::broker {

WaiterId Waiters::add(JobId job, OnEnded on_ended) {
  const WaiterId id{++last_};
  by_job_[job].push_front({id, std::move(on_ended)});
  return id;
}

std::size_t Waiters::remove(JobId job, WaiterId waiter) {
  Waiting* const waiting = by_job_.find(job);
  if (waiting == nullptr) return 0;
  waiting->remove_if([&](const Waiter& one) { return one.id == waiter; });
  if (waiting->empty()) by_job_.erase(job);
  return count(job);
}

std::size_t Waiters::count(JobId job) const {
  const Waiting* const waiting = by_job_.find(job);
  return waiting == nullptr ? 0 : static_cast<std::size_t>(std::distance(waiting->begin(), waiting->end()));
}

// Jobs end in about the order of their ids, long after somebody began to wait: who waits for one of the next is brought into the
// processor's cache meanwhile.
void Waiters::foresee(JobId id) const {
  constexpr std::uint64_t kAhead = 2;
  if (const Waiting* const waiting = by_job_.find(JobId{id.value + kAhead})) __builtin_prefetch(&waiting->front());
}

std::size_t Waiters::call(JobId id, const Job* job) {
  Waiting* const waiting = by_job_.find(id);
  if (waiting == nullptr) return 0;
  foresee(id);
  Waiting all = std::move(*waiting);
  by_job_.erase(id);
  all.reverse();  // in the order in which they came
  for (const Waiter& waiter : all) waiter.on_ended(job);
  return static_cast<std::size_t>(std::distance(all.begin(), all.end()));
}

Deadlines::Key Deadlines::add(TimePoint at, std::function<void()> due) {
  const Key key{at, ++last_};
  due_.emplace(key, std::move(due));
  return key;
}

std::optional<TimePoint> Deadlines::next() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first.first;
}

void Deadlines::run_due(TimePoint now) {
  while (!due_.empty() && due_.begin()->first.first <= now) {
    auto node = due_.extract(due_.begin());
    node.mapped()();
  }
}

}  // namespace jobpool::broker
