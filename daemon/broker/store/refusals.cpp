// See refusals.hpp.
#include "daemon/broker/store/refusals.hpp"

#include <algorithm>

namespace jobpool::broker {

std::vector<JobId> Refusals::take_out(StoreBatch& batch, NewJobs new_jobs) {
  std::vector<JobId> now_refused;
  std::erase_if(batch, [&](const StoreWrite& write) {
    const auto* job = std::get_if<JobRecord>(&write);
    if (job == nullptr || !is_to_refuse(*job, new_jobs)) return refused_.contains(job_of(write));
    refused_.insert(job->id);
    now_refused.push_back(job->id);
    return true;
  });
  return now_refused;
}

std::vector<PutNumber> Refusals::take_out_puts(StoreBatch& batch) {
  std::vector<PutNumber> refused;
  std::erase_if(batch, [&](const StoreWrite& write) {
    const auto* queue = std::get_if<QueueWrite>(&write);
    const auto* put = queue == nullptr ? nullptr : std::get_if<ItemsPut>(queue);
    if (put != nullptr) refused.push_back(put->number);
    return put != nullptr;
  });
  return refused;
}

void Refusals::forget(const std::vector<JobId>& jobs) {
  for (const JobId job : jobs) refused_.erase(job);
}

bool Refusals::is_to_refuse(const JobRecord& job, NewJobs new_jobs) const {
  if (new_jobs == NewJobs::refuse) return true;
  return std::any_of(job.after.begin(), job.after.end(), [&](const Dependency& dependency) { return refused_.contains(dependency.job); });
}

}  // namespace jobpool::broker
