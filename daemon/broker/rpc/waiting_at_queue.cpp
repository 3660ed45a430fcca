// Jobs that wait at a queue are shown as waiting. Their state in the core stays `running`: they keep their worker and their time-out goes
// on, so that nothing but what people see depends on a job's own word that it waits.
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

std::string Verbs::waits_at_queue(const Job& job) const {
  if (!surroundings_.what_blocks || shown_state(job, engine_.core()) != JobState::running) return {};
  return surroundings_.what_blocks(job.id);
}

JobState Verbs::state_of(const Job& job) const {
  return waits_at_queue(job).empty() ? shown_state(job, engine_.core()) : JobState::waiting;
}

proto::Job Verbs::view_of(const Job& job, WithHistory history) const {
  proto::Job view = job_view(job, engine_.core());
  std::int64_t blocked_since = 0;
  if (std::string what = waits_at_queue(job); !what.empty()) {
    view.state = JobState::waiting;
    view.waiting_for = std::move(what);
    if (surroundings_.blocked_since) blocked_since = surroundings_.blocked_since(job.id);
  }
  add_times(view, job, engine_.core(), engine_.now().wall_usec, blocked_since, history);
  return view;
}

void Verbs::show_waiting_at_queues(proto::PoolStatus& view, PoolNumber pool) const {
  if (!surroundings_.blocked_jobs) return;
  for (const JobId id : surroundings_.blocked_jobs()) {
    const Job* job = engine_.core().find(id);
    if (job == nullptr || job->pool != pool || shown_state(*job, engine_.core()) != JobState::running) continue;
    --view.running;
    ++view.waiting;
  }
}

}  // namespace jobpool::broker
