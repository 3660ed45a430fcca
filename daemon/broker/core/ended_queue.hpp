// Ended jobs in the order in which they are to be forgotten. Those that somebody removed before their turn leave an entry behind, which
// counts for nothing. Broker process, its one thread; owned by JobCore.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "common/ids.hpp"

namespace jobpool::broker {

class EndedQueue {
 public:
  void push_back(JobId id) {
    ids_.push_back(id);
    ++kept_;
  }

  // The oldest that is still known; nullopt: none.
  template <class IsKnown>
  std::optional<JobId> front(IsKnown is_known) {
    while (!ids_.empty() && !is_known(ids_.front())) ids_.pop_front();
    return ids_.empty() ? std::nullopt : std::optional{ids_.front()};
  }
  // Requires: front() gave it just now.
  void pop_front() {
    ids_.pop_front();
    --kept_;
  }

  // One of them is not known any more, and front() has not seen it.
  template <class IsKnown>
  void removed_one(IsKnown is_known) {
    --kept_;
    if (ids_.size() > 2 * kept_ + kStaleEntries) std::erase_if(ids_, [&](JobId id) { return !is_known(id); });
  }

  // Without those that were removed.
  std::size_t size() const { return kept_; }

 private:
  static constexpr std::size_t kStaleEntries = 4'096;  // 32 KiB
  std::deque<JobId> ids_;
  std::size_t kept_ = 0;
};

}  // namespace jobpool::broker
