// Ended jobs in the order in which they are to be forgotten, and since when each is kept. Those that somebody removed before their turn
// leave an entry behind, which counts for nothing. Broker process, its one thread; owned by JobCore.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"

namespace jobpool::broker {

class EndedQueue {
 public:
  void push_back(JobId id, TimePoint since = {}) {
    entries_.push_back({id, since});
    ++kept_;
  }

  // Into the order of their ends, where they came in another. Each is asked for its end once; equal ones stay in order.
  template <class EndOf>
  void sort_by(EndOf end_of) {
    std::vector<std::pair<std::int64_t, Entry>> by_end;
    by_end.reserve(entries_.size());
    for (const Entry& one : entries_) by_end.emplace_back(end_of(one.id), one);
    std::ranges::stable_sort(by_end, {}, [](const auto& one) { return one.first; });
    std::ranges::transform(by_end, entries_.begin(), [](const auto& one) { return one.second; });
  }

  // The oldest that is still known; nullopt: none.
  template <class IsKnown>
  std::optional<JobId> front(IsKnown is_known) {
    while (!entries_.empty() && !is_known(entries_.front().id)) entries_.pop_front();
    return entries_.empty() ? std::nullopt : std::optional{entries_.front().id};
  }
  // Requires: front() gave one just now.
  TimePoint front_since() const { return entries_.front().since; }
  // Requires: front() gave it just now.
  void pop_front() {
    entries_.pop_front();
    --kept_;
  }

  // One of them is not known any more, and front() has not seen it.
  template <class IsKnown>
  void removed_one(IsKnown is_known) {
    --kept_;
    if (entries_.size() > 2 * kept_ + kStaleEntries) std::erase_if(entries_, [&](const Entry& one) { return !is_known(one.id); });
  }

  // Without those that were removed.
  std::size_t size() const { return kept_; }

 private:
  struct Entry {
    JobId id;
    TimePoint since;
  };
  static constexpr std::size_t kStaleEntries = 4'096;  // 64 KiB
  std::deque<Entry> entries_;
  std::size_t kept_ = 0;
};

}  // namespace jobpool::broker
