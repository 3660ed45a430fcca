// Who waits for which job's end, and until when.
#include "daemon/broker/rpc/waiters.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::broker {

WaiterId Waiters::add(JobId job, OnEnded on_ended) {
  const WaiterId id{++last_};
  by_job_.emplace(job, Waiter{id, std::move(on_ended)});
  return id;
}

std::size_t Waiters::remove(JobId job, WaiterId waiter) {
  const auto [begin, end] = by_job_.equal_range(job);
  const auto found = std::find_if(begin, end, [&](const auto& one) { return one.second.id == waiter; });
  if (found != end) by_job_.erase(found);
  return by_job_.count(job);
}

std::size_t Waiters::count(JobId job) const { return by_job_.count(job); }

std::size_t Waiters::call(JobId id, const Job* job) {
  const auto [begin, end] = by_job_.equal_range(id);
  if (begin == end) return 0;
  const bool is_only = std::next(begin) == end;
  auto first = by_job_.extract(begin);
  if (is_only) {
    first.mapped().on_ended(job);
    return 1;
  }
  std::vector<Waiter> all{std::move(first.mapped())};
  for (auto next = by_job_.extract(id); !next.empty(); next = by_job_.extract(id)) all.push_back(std::move(next.mapped()));
  std::ranges::sort(all, {}, &Waiter::id);  // in the order in which they came
  for (const Waiter& waiter : all) waiter.on_ended(job);
  return all.size();
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
