// Who waits for which job's end, and until when.
#include "daemon/broker/rpc/waiters.hpp"

#include <utility>

namespace jobpool::broker {

WaiterId Waiters::add(JobId job, OnEnded on_ended) {
  const WaiterId id{++last_};
  by_job_[job].push_back({id, std::move(on_ended)});
  return id;
}

std::size_t Waiters::remove(JobId job, WaiterId waiter) {
  const auto found = by_job_.find(job);
  if (found == by_job_.end()) return 0;
  std::erase_if(found->second, [&](const Waiter& one) { return one.id == waiter; });
  const std::size_t left = found->second.size();
  if (left == 0) by_job_.erase(found);
  return left;
}

std::size_t Waiters::count(JobId job) const {
  const auto found = by_job_.find(job);
  return found == by_job_.end() ? 0 : found->second.size();
}

std::size_t Waiters::call(JobId id, const Job* job) {
  auto node = by_job_.extract(id);
  if (node.empty()) return 0;
  for (const Waiter& waiter : node.mapped()) waiter.on_ended(job);
  return node.mapped().size();
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
