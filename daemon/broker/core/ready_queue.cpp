// Levels by priority, in each a ring of submitters.
#include "daemon/broker/core/ready_queue.hpp"

namespace jobpool::broker {

void ReadyQueue::push_back(JobId job, std::int16_t priority, uid_t submitter) {
  jobs_of(level_of(priority), submitter).push_back(job);
  ++size_;
}

void ReadyQueue::push_front(JobId job, std::int16_t priority, uid_t submitter) {
  Level& level = level_of(priority);
  jobs_of(level, submitter).push_front(job);
  level.turn = submitter;
  ++size_;
}

ReadyQueue::Level& ReadyQueue::level_of(std::int16_t priority) {
  const auto found = levels_.find(priority);
  if (found != levels_.end()) return found->second;
  if (spare_level_.empty()) return levels_[priority];
  spare_level_.key() = priority;
  Level& level = levels_.insert(std::move(spare_level_)).position->second;
  level.turn = 0;
  return level;
}

std::deque<JobId>& ReadyQueue::jobs_of(Level& level, uid_t submitter) {
  const auto found = level.submitters.find(submitter);
  if (found != level.submitters.end()) return found->second;
  if (spare_submitter_.empty()) return level.submitters[submitter];
  spare_submitter_.key() = submitter;
  return level.submitters.insert(std::move(spare_submitter_)).position->second;
}

ReadyQueue::Submitters::iterator ReadyQueue::up(Level& level) {
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
  if (submitter->second.empty()) spare_submitter_ = level.submitters.extract(submitter);
  if (level.submitters.empty()) spare_level_ = levels_.extract(levels_.begin());
}

void ReadyQueue::sweep(const std::function<bool(JobId)>& is_wanted) {
  for (auto& [priority, level] : levels_) {
    for (auto& [submitter, jobs] : level.submitters) size_ -= std::erase_if(jobs, [&](JobId job) { return !is_wanted(job); });
    std::erase_if(level.submitters, [](const auto& submitter) { return submitter.second.empty(); });
  }
  std::erase_if(levels_, [](const auto& level) { return level.second.submitters.empty(); });
}

}  // namespace jobpool::broker
