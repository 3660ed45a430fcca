// Remove and Clean: ended jobs are forgotten, with their results and output.
#include <algorithm>
#include <optional>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::remove(const CallPtr& call) {
  const auto request = proto::read_remove(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  for (const JobId id : request->ids) {
    const Job* job = engine_.core().find(id);
    if (job != nullptr && !job->settled) return job_error(*call, proto::error::kNotEnded, id);
    // Its result is a part of what the batch gives.
    const std::optional<JobId> batch = engine_.core().batch_of(id);
    if (batch && !engine_.core().find(*batch)->settled) return job_error(*call, proto::error::kNotEnded, *batch);
  }
  std::vector<JobId> removed;
  for (const JobId id : request->ids)
    if (forget(id)) removed.push_back(id);
  // Told when it is durable: a key of theirs that comes again must not find them back after the host's death.
  engine_.journal().after_commit([call, removed] { call->reply(proto::write_ids("removed", removed)); });
}

void Verbs::clean(const CallPtr& call) {
  const auto request = proto::read_clean(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (request->pool && !knows_pool(*request->pool)) return no_such_pool(*call, *request->pool);
  const auto is_of_pool = [&](const Job& job) {
    return !request->pool || engine_.core().pools().at(job.pool).record.settings.name == *request->pool;
  };
  const std::int64_t newest = wall_usec() - request->older_than.value_or(Microseconds{0}).count();
  std::vector<JobId> fitting;
  for (const Job* job = engine_.core().next_job(JobId{1}); job != nullptr; job = engine_.core().next_job(JobId{job->id.value + 1}))
    if (job->settled && job->ended_usec <= newest && (!request->outcome || job->outcome == *request->outcome) && is_of_pool(*job))
      fitting.push_back(job->id);
  // A chunk goes with its batch, or stays with it.
  const auto is_missed = [&](JobId id) {
    const std::optional<JobId> batch = engine_.core().batch_of(id);
    return batch && !std::ranges::binary_search(fitting, *batch);
  };
  std::int64_t removed = 0;
  for (const JobId id : fitting) removed += !is_missed(id) && forget(id) ? 1 : 0;
  engine_.journal().after_commit([call, removed] { call->reply(proto::write_count("removed", removed)); });
}

// False: its caller has not got the answer yet, or it was named twice.
bool Verbs::forget(JobId id) {
  if (engine_.core().find(id) == nullptr) return false;
  engine_.tell(Remove{id});
  return engine_.core().find(id) == nullptr;
}

}  // namespace jobpool::broker
