// See processes.hpp.
#include "daemon/broker/rpc/processes.hpp"

#include "proto/process_messages.hpp"

namespace jobpool::broker {

// Those of earlier brokers are looked for when somebody asks for the first time: nobody else need pay for it.
void Processes::look_for_earlier(const JobCore& core) {
  if (knows_earlier_) return;
  knows_earlier_ = true;
  const CorePool* pool = core.pools().find(proto::kProcessPool);
  if (pool == nullptr) return;
  for (const Job* job = core.next_job(JobId{1}); job != nullptr; job = core.next_job(JobId{job->id.value + 1}))
    if (job->pool == pool->record.number) note(*job);
}

void Processes::note(const Job& job) {
  const std::string name(job.name);
  if (!proto::is_process_name(name)) return;  // submitted to the pool by somebody who wanted no process
  const auto [place, is_new] = by_name_.try_emplace(name, job.id);
  if (!is_new) {
    if (job.id < place->second) return;
    names_.erase(place->second);
    place->second = job.id;
  }
  names_.emplace(job.id, name);
}

void Processes::on_forgotten(JobId job) {
  const auto named = names_.find(job);
  if (named == names_.end()) return;
  by_name_.erase(named->second);
  names_.erase(named);
}

const Job* Processes::find(const JobCore& core, std::string_view name) {
  look_for_earlier(core);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : core.find(found->second);
}

std::vector<const Job*> Processes::all(const JobCore& core) {
  look_for_earlier(core);
  std::vector<const Job*> jobs;
  for (const auto& [id, name] : names_)
    if (const Job* job = core.find(id)) jobs.push_back(job);
  return jobs;
}

}  // namespace jobpool::broker
