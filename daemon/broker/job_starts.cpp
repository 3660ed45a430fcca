// When a job is known to run: its slot was looked at and is claimed, or its worker has said so. See engine.hpp.
#include "daemon/broker/engine.hpp"

namespace jobpool::broker {

void Engine::look_for_starts(std::span<const JobId> jobs) {
  dispatcher_.drain_all();
  for (const JobId id : jobs) {
    const Job* job = core_.find(id);
    if (job != nullptr && job->state == JobState::ready && job->offered && dispatcher_.is_claimed(id, job->worker)) tell(Started{id, 0, 0});
  }
}

void Engine::on_started(JobId id, const shm::StartBody& body) {
  release_descriptors(id);
  core_.foresee(id);
  ledger_.start(id, body.pid, body.started_usec);
  const Job* job = core_.find(id);
  const bool was_awaited = job != nullptr && awaits_start(*job);
  tell(Started{id, body.pid, body.started_usec});
  if (job == nullptr) return;
  if (was_awaited) announce(*job, JobState::running);
  listener_.on_started(*job);
}

}  // namespace jobpool::broker
