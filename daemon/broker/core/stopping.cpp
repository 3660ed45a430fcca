// Ending jobs before their time: cancel, time-outs, drain, the death of a worker, callers that did not come back.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {
namespace {

std::string seconds_of(Microseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1'000 == 0 ? std::to_string(ms / 1'000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

std::string time_was_over(const Job& job) { return "its time of " + seconds_of(job.timeout) + " was over"; }

std::string way_of_death(const WorkerLost& event) {
  return event.signal > 0 ? "was killed by signal " + std::to_string(event.signal)
                          : "exited with status " + std::to_string(event.exit_code);
}

void JobCore::on(Cancel& event, const Now& now, Effects& out) {
  // A batch ends when its chunks have.
  const std::vector<JobId>* chunks = this->chunks(event.job);
  for (const JobId id : chunks != nullptr ? *chunks : std::vector<JobId>{event.job})
    if (Job* job = known(id)) stop_job(*job, StopRequest::cancel, event.haste, event.reason, now, out);
}

// Requires, for one that is not running: it is not a timeout.
void JobCore::stop_job(Job& job, StopRequest why, Cancel::Haste haste, std::string_view reason, const Now& now, Effects& out) {
  if (job.state == JobState::done) return;
  const bool again = job.stop != StopRequest::none, overrides = why > job.stop;
  if (overrides) {
    job.stop = why;
    job.reason = reason;
  }
  if (!job.offered) return finish(job, Outcome::cancelled, now, out);
  if (haste == Cancel::Haste::now) job.grace = Microseconds{0};
  if (why == StopRequest::cancel && (overrides || haste == Cancel::Haste::now)) out.push_back(StopAsked{job.id});
  if (job.state == JobState::running) {
    if (again && haste != Cancel::Haste::now) return;
    const TimePoint due = again || job.to_be_killed ? job.due : TimePoint::max();
    stop_running(job, haste, now, out);
    // However often it is asked for: who asked every second would never see its worker killed.
    if (due < job.due) set_timer(job, due);
    return;
  }
  out.push_back(RevokeJob{job.id, job.worker});
}

// From here on the job's worker may have to be killed for it. A kill arrives a little after it was decided, and would hit whatever the
// worker has claimed by then: so nothing else may be there to be claimed.
void JobCore::reserve_for_ending(const Job& job, Effects& out) {
  CoreWorker* worker = worker_of(job);
  if (worker == nullptr || !WorkerTable::mark_ending(*worker, job.id)) return;
  // The last first: each goes to the front of the queue.
  for (auto other = worker->in_flight.rbegin(); other != worker->in_flight.rend(); ++other)
    if (*other != job.id && jobs_.at(*other).state == JobState::ready) out.push_back(RevokeJob{*other, worker->incarnation});
}

// A signal that cannot be caught, for this job alone: decided by the next Tick, when it is known which offers were taken back in time. If
// the worker has claimed another one by now, this job has ended, and there is nothing to be killed.
void JobCore::on(KillFunction& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || job->state != JobState::running || job->kind != shm::JobKind::function) return;
  reserve_for_ending(*job, out);
  job->to_be_killed = true;
  set_timer(*job, now.steady);
}

void JobCore::stop_running(Job& job, Cancel::Haste haste, const Now& now, Effects& out) {
  if (haste == Cancel::Haste::now) job.grace = Microseconds{0};
  reserve_for_ending(job, out);
  out.push_back(StopJob{job.id, job.worker, job.grace});
  // A command's worker kills the tree itself and reports; a function can only be stopped with its worker.
  const auto margin = job.kind == shm::JobKind::command ? Microseconds{limits_.stop_margin} : Microseconds{0};
  set_timer(job, now.steady + job.grace + margin);
}

// Decided after the worker's ring was read: a job that has ended must not cost its worker.
void JobCore::on_timer_of_running(Job& job, const Now& now, Effects& out) {
  if (job.stop == StopRequest::none && !job.to_be_killed)
    return stop_job(job, StopRequest::timeout, Cancel::Haste::grace, time_was_over(job), now, out);
  CoreWorker* worker = worker_of(job);
  if (worker == nullptr || std::exchange(worker->kill_asked, true)) return;
  pool_of(job).workers.condemn(job.worker);
  const char* why = job.stop == StopRequest::none ? " was to be killed" : " was to stop and did not within its grace";
  out.push_back(KillWorker{job.worker, "job " + std::to_string(job.id.value) + why});
}

void JobCore::on(Drain&, const Now& now, Effects& out) {
  drain_ = std::max(drain_, DrainMode::drain);
  clear_the_house(now, out);
}

void JobCore::on(StopAll&, const Now& now, Effects& out) {
  drain_ = DrainMode::stop_all;
  drained_told_ = false;  // whoever asked for this waits for it, also after a drain that had ended
  clear_the_house(now, out);
}

// What has not started: ephemeral jobs are cancelled, durable ones are taken back and stay in the store for the next daemon.
void JobCore::clear_the_house(const Now& now, Effects& out) {
  const bool all = drain_ == DrainMode::stop_all;
  const auto haste = all ? Cancel::Haste::now : Cancel::Haste::grace;
  refuse_blocked(Refusal::not_running, out);
  for (Job* job = jobs_.first(); job != nullptr; job = jobs_.after(*job)) {
    if (job->state != JobState::ready && job->state != JobState::waiting) continue;
    if (!job->flags.durable)
      stop_for_shutdown(*job, haste, now, out);
    else if (job->offered)
      out.push_back(RevokeJob{job->id, job->worker});
  }
  if (!all) return;
  for (Job* job = jobs_.first(); job != nullptr; job = jobs_.after(*job))
    if (job->state == JobState::running) stop_for_shutdown(*job, haste, now, out);
}

void JobCore::stop_for_shutdown(Job& job, Cancel::Haste haste, const Now& now, Effects& out) {
  stop_job(job, StopRequest::shutdown, haste, "the daemon is going down", now, out);
}

void JobCore::drained_if_quiet(Effects& out) {
  if (!draining() || drained_told_ || recovering_) return;
  bool is_quiet = true;
  pools_.each([&](const CorePool& pool) { is_quiet = is_quiet && pool.workers.in_flight() == 0; });
  if (!is_quiet) return;
  drained_told_ = true;
  for (Job* job = jobs_.first(); job != nullptr; job = jobs_.after(*job))
    if (job->state != JobState::done && job->attempt_open) undo_attempt(*job, out);
  out.push_back(Drained{});
}

void JobCore::cancel_unclaimed(const Now& now, Effects& out) {
  if (now.steady < claims_due_) return;
  claims_due_ = TimePoint::max();
  std::vector<JobId> late;
  for (const auto& [id, by] : claim_by_)
    if (by <= now.steady)
      late.push_back(id);
    else
      claims_due_ = std::min(claims_due_, by);
  for (const JobId id : late) {
    claim_by_.erase(id);
    Job& job = jobs_.at(id);
    if (!job.flags.detach)
      stop_job(job, StopRequest::cancel, Cancel::Haste::grace, "its caller did not come back after the broker had died", now, out);
    if (job.state == JobState::done) handle(Delivered{id}, now, out);
  }
}

void JobCore::on(WorkerLost& event, const Now& now, Effects& out) {
  for (std::size_t i = 0; i < event.claimed.size(); ++i)
    if (Job* job = known(event.claimed[i]); job != nullptr && job->offered && job->worker == event.incarnation)
      finish_lost(*job, event, i < event.items.size() ? event.items[i] : 0, now, out);
  // Back to the front of the queue in their old order; no attempt is spent. (One that is known to run was claimed, whatever its worker made
  // of its slot.)
  for (auto id = event.unclaimed.rbegin(); id != event.unclaimed.rend(); ++id)
    if (Job* job = known(*id); job != nullptr && job->offered && job->worker == event.incarnation)
      job->state == JobState::running ? finish_lost(*job, event, 0, now, out) : take_back(*job, now, out);
  CorePool* pool = pools_.pool_of(event.incarnation);
  if (pool == nullptr) return;
  // Offers that were still waiting for their commit: they never reached a slot.
  CoreWorker& worker = *pool->workers.find(event.incarnation);
  const std::vector<JobId> never_offered = worker.in_flight;
  for (auto id = never_offered.rbegin(); id != never_offered.rend(); ++id) take_back(jobs_.at(*id), now, out);
  if (worker.starting && !worker.kill_asked)
    setup_has_failed(*pool, worker, "worker " + std::to_string(worker.number.value) + " " + way_of_death(event) + " while it was set up",
                     now, out);
  give_back_number(worker.number);
  pool->workers.remove(event.incarnation);
  pool->staff_changed = true;
  drop_unneeded(*pool, out);
}

}  // namespace jobpool::broker
