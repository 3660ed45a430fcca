// Jobs that were refused because the disk is full, and how everything said of them is taken out of batches. Used by every Store.
// One thread: that which commits.
#pragma once

#include <unordered_set>
#include <vector>

#include "daemon/broker/store/records.hpp"

namespace jobpool::broker {

class Refusals {
 public:
  enum class NewJobs { refuse, accept };

  // Takes out of `batch` what is said of refused jobs. A new job is refused when all are, or when it waits for one that was.
  // Returns the jobs refused by this call, in the batch's order.
  std::vector<JobId> take_out(StoreBatch& batch, NewJobs new_jobs);

  // Takes the puts of items out of `batch`, and returns which they were. What is said of queues beside stays.
  static std::vector<PutNumber> take_out_puts(StoreBatch& batch);

  // Nothing more is said of them: the caller knows, and all batches from before it knew have been through take_out().
  void forget(const std::vector<JobId>& jobs);

  bool empty() const { return refused_.empty(); }

 private:
  bool is_to_refuse(const JobRecord& job, NewJobs new_jobs) const;

  std::unordered_set<JobId> refused_;
};

}  // namespace jobpool::broker
