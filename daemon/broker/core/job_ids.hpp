// The ids of all known jobs in their order, for lists: the table itself is a hash.
// Forgotten jobs leave their ids behind until those are half of all: whoever walks asks the table. Broker process; owned by JobCore.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "common/ids.hpp"

namespace jobpool::broker {

class JobIds {
 public:
  // Ids come ascending, but for the few that an earlier broker's workers held.
  void add(JobId id) {
    if (ids_.empty() || ids_.back() < id) return ids_.push_back(id);
    ids_.insert(std::ranges::lower_bound(ids_, id), id);
  }

  // Call it now and then. `live`: how many are known.
  template <class IsKnown>
  void sweep(std::size_t live, IsKnown is_known) {
    if (ids_.size() > 2 * live + kStaleEntries) std::erase_if(ids_, [&](JobId id) { return !is_known(id); });
  }

  // Ascending, with some that were forgotten.
  std::span<const JobId> all() const { return ids_; }
  std::span<const JobId> from(JobId id) const {
    return all().subspan(static_cast<std::size_t>(std::ranges::lower_bound(ids_, id) - ids_.begin()));
  }

 private:
  static constexpr std::size_t kStaleEntries = 4'096;  // 32 KiB
  std::vector<JobId> ids_;
};

}  // namespace jobpool::broker
