// Ending jobs before their time: cancel, drain, the death of a worker, callers that did not come back.
#include <algorithm>
#include <chrono>
#include <ranges>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

void JobCore::on(Cancel& event, const Now& now, Effects& out) {
  if (Job* job = known(event.job)) cancel_job(*job, event.haste, std::move(event.reason), now, out);
}

void JobCore::cancel_job(Job& job, Cancel::Haste haste, std::string reason, const Now& now, Effects& out) {
  if (job.state == JobState::done) return;
  if (job.stop == StopRequest::none) job.reason = std::move(reason);
  const bool again = std::exchange(job.stop, StopRequest::cancel) == StopRequest::cancel;
  if (!job.offered) return finish(job, Outcome::cancelled, now, out);
  if (haste == Cancel::Haste::now) job.grace = Microseconds{0};
  if (!again || haste == Cancel::Haste::now) out.push_back(StopAsked{job.id});
  if (job.state == JobState::running) {
    if (!again || haste == Cancel::Haste::now) stop_running(job, haste, now, out);
    return;
  }
  out.push_back(RevokeJob{job.id, job.worker});
}

// From here on the job's worker may have to be killed for it. A kill arrives a little after it was decided, and would hit whatever the
// worker has claimed by then: so nothing else may be there to be claimed.
void JobCore::reserve_for_ending(const Job& job, Effects& out) {
  CoreWorker* worker = workers_.find(job.worker);
  if (worker == nullptr || !WorkerTable::mark_ending(*worker, job.id)) return;
  // The last first: each goes to the front of the queue.
  for (const JobId other : std::views::reverse(worker->in_flight))
    if (other != job.id && jobs_.at(other).state == JobState::ready) out.push_back(RevokeJob{other, worker->incarnation});
}

// A signal that cannot be caught, for this job alone: decided by the next Tick, when it is known which offers were taken back in time. If
// the worker has claimed another one by now, this job has ended, and there is nothing to be killed.
void JobCore::on(KillFunction& event, const Now& now, Effects& out) {
  const Job* job = known(event.job);
  if (job == nullptr || job->state != JobState::running || job->kind != shm::JobKind::function) return;
  reserve_for_ending(*job, out);
  kill_at_.emplace(now.steady, job->id);
}

void JobCore::stop_running(Job& job, Cancel::Haste haste, const Now& now, Effects& out) {
  if (haste == Cancel::Haste::now) job.grace = Microseconds{0};
  reserve_for_ending(job, out);
  out.push_back(StopJob{job.id, job.worker, job.grace});
  // A command's worker kills the tree itself and reports; a function can only be stopped with its worker.
  const auto margin = job.kind == shm::JobKind::command ? Microseconds{limits_.stop_margin} : Microseconds{0};
  kill_at_.emplace(now.steady + job.grace + margin, job.id);
}

void JobCore::kill_overdue(const Now& now, Effects& out) {
  while (!kill_at_.empty() && kill_at_.begin()->first <= now.steady) {
    const Job* job = known(kill_at_.begin()->second);
    kill_at_.erase(kill_at_.begin());
    if (job == nullptr || job->state != JobState::running) continue;
    const CoreWorker* worker = workers_.find(job->worker);
    if (worker == nullptr || worker->condemned) continue;  // its death is on the way
    workers_.condemn(job->worker);
    const char* why = job->stop == StopRequest::none ? " was to be killed" : " was to stop and did not within its grace";
    out.push_back(KillWorker{job->worker, "job " + std::to_string(job->id.value) + why});
  }
}

void JobCore::on(Drain&, const Now& now, Effects& out) {
  drain_ = DrainMode::drain;
  end_for_drain(now, out);
}

void JobCore::on(StopAll&, const Now& now, Effects& out) {
  drain_ = DrainMode::stop_all;
  drained_told_ = false;  // whoever asked for this waits for it, also after a drain that had ended
  end_for_drain(now, out);
}

void JobCore::end_for_drain(const Now& now, Effects& out) {
  const bool all = drain_ == DrainMode::stop_all;
  const auto haste = all ? Cancel::Haste::now : Cancel::Haste::grace;
  cancel_all_ready(haste, "the daemon is going down", now, out);
  if (!all) return;
  for (auto& [id, job] : jobs_)
    if (job.state == JobState::running) cancel_job(job, haste, "the daemon is going down", now, out);
}

void JobCore::cancel_all_ready(Cancel::Haste haste, const std::string& reason, const Now& now, Effects& out) {
  std::vector<JobId> ids;
  for (const auto& [id, job] : jobs_)
    if (job.state == JobState::ready || job.state == JobState::waiting) ids.push_back(id);
  std::ranges::sort(ids);
  for (const JobId id : ids) cancel_job(jobs_.at(id), haste, reason, now, out);
}

void JobCore::cancel_unclaimed(const Now& now, Effects& out) {
  std::vector<JobId> late;
  for (const auto& [id, by] : claim_by_)
    if (by <= now.steady) late.push_back(id);
  for (const JobId id : late) {
    claim_by_.erase(id);
    const Job& job = jobs_.at(id);
    if (!job.flags.detach)
      cancel_job(jobs_.at(id), Cancel::Haste::grace, "its caller did not come back after the broker had died", now, out);
    if (job.state == JobState::done) handle(Delivered{id}, now, out);
  }
}

void JobCore::on(WorkerLost& event, const Now& now, Effects& out) {
  for (const JobId id : event.claimed)
    if (Job* job = known(id); job != nullptr && job->offered && job->worker == event.incarnation) finish_lost(*job, event, now, out);
  // Back to the front of the queue in their old order; no attempt is spent.
  for (auto id = event.unclaimed.rbegin(); id != event.unclaimed.rend(); ++id) {
    Job* job = known(*id);
    if (job == nullptr || !job->offered || job->worker != event.incarnation) continue;
    leave_slot(*job);
    if (job->stop == StopRequest::cancel)
      finish(*job, Outcome::cancelled, now, out);
    else
      push_front_ready(*job);
  }
  workers_.remove(event.incarnation);
}

// The worker died after the job had been claimed. A function is its worker: if it had started, it crashed. Of a command nobody knows.
void JobCore::finish_lost(Job& job, const WorkerLost& event, const Now& now, Effects& out) {
  const bool started = job.state == JobState::running;
  if (!started) change_state(job, JobState::running, out);
  leave_slot(job);
  if (job.stop == StopRequest::cancel) return finish(job, Outcome::cancelled, now, out);
  const std::string how =
      event.signal > 0 ? "was killed by signal " + std::to_string(event.signal) : "exited with status " + std::to_string(event.exit_code);
  job.reason = "worker " + std::to_string(job.worker_number.value) + " " + how +
               (started ? " after this job had started" : " when this job may have started");
  const bool crashed = started && job.kind == shm::JobKind::function;
  if (crashed && event.signal > 0) job.signal = event.signal;
  finish(job, crashed ? Outcome::crashed : Outcome::interrupted, now, out);
}

}  // namespace jobpool::broker
