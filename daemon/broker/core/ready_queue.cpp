// Levels by priority, in each a ring of submitters.
#include "daemon/broker/core/ready_queue.hpp"

namespace jobpool::broker {

void ReadyQueue::push_back(JobId job, std::int16_t priority, uid_t submitter) {
  levels_[priority].submitters[submitter].push_back(job);
  ++size_;
}

void ReadyQueue::push_front(JobId job, std::int16_t priority, uid_t submitter) {
  Level& level = levels_[priority];
  level.submitters[submitter].push_front(job);
  level.turn = submitter;
  ++size_;
}

std::map<uid_t, std::deque<JobId>>::iterator ReadyQueue::up(Level& level) {
  const auto found = level.submitters.lower_bound(level.turn);
  return found == level.submitters.end() ? level.submitters.begin() : found;
}

std::optional<JobId> ReadyQueue::front() const {
  if (levels_.empty()) return std::nullopt;
  return up(const_cast<Level&>(levels_.begin()->second))->second.front();
}

void ReadyQueue::pop_front(Turn turn) {
  Level& level = levels_.begin()->second;
  const auto submitter = up(level);
  submitter->second.pop_front();
  --size_;
  level.turn = turn == Turn::taken ? submitter->first + 1 : submitter->first;
  if (submitter->second.empty()) level.submitters.erase(submitter);
  if (level.submitters.empty()) levels_.erase(levels_.begin());
}

void ReadyQueue::sweep(const std::function<bool(JobId)>& is_wanted) {
  for (auto& [priority, level] : levels_) {
    for (auto& [submitter, jobs] : level.submitters) size_ -= std::erase_if(jobs, [&](JobId job) { return !is_wanted(job); });
    std::erase_if(level.submitters, [](const auto& submitter) { return submitter.second.empty(); });
  }
  std::erase_if(levels_, [](const auto& level) { return level.second.submitters.empty(); });
}

}  // namespace jobpool::broker
