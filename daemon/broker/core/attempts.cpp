// How an attempt ends, and whether another follows.
#include <algorithm>
#include <csignal>
#include <utility>

#include "daemon/broker/core/backoff.hpp"
#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {
namespace {

constexpr std::int64_t kClockSlack = 1'000'000;  // us; a report can hardly be from later than this after it was read

// A job that took so many workers along is not the victim of chance.
constexpr std::uint8_t kPoisonousAfter = 3;

Outcome outcome_of(StopRequest stop, bool durable) {
  if (stop == StopRequest::timeout) return Outcome::timed_out;
  // Of what a daemon that goes down has broken off, a durable job's submitter must know that it may be half done.
  return stop == StopRequest::shutdown && durable ? Outcome::interrupted : Outcome::cancelled;
}

bool has_used_its_time(const Job& job, std::int64_t ran_usec) {
  return job.timeout > Microseconds{0} && Microseconds{ran_usec} >= job.timeout;
}

void stop_for_time(Job& job) {
  job.stop = StopRequest::timeout;
  job.reason = time_was_over(job);
}

}  // namespace

void JobCore::on(Reported& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered) return;
  if (job->state == JobState::ready)
    change_state(*job, JobState::running, out);  // its START is in the same drain, or was lost with a broker
  const ReportView& report = *event.report;
  // A worker's word, which decides when the job is forgotten.
  job->ended_usec = std::clamp(report.ended_usec, job->submitted_usec, std::max(now.wall_usec + kClockSlack, job->submitted_usec));
  job->user_usec = report.user_usec;
  job->system_usec = report.system_usec;
  job->max_rss_bytes = report.max_rss_bytes;
  // Both are a worker's word: compared before they are subtracted.
  const std::int64_t ran = job->started_usec > 0 && report.ended_usec > job->started_usec ? report.ended_usec - job->started_usec : 0;
  if (job->started_usec > 0) {
    Microseconds& usual_run = pool_of(*job).usual_run;
    usual_run = (usual_run * 7 + Microseconds{std::min<std::int64_t>(ran, 1'000'000)}) / 8;
  }
  leave_slot(*job);
  retire(*job, out);

  const bool well = report.ending == Ending::returned || (report.ending == Ending::exited && report.code == 0);
  if (report.ending == Ending::exited || report.ending == Ending::not_started) job->exit_code = report.code;
  if (report.ending == Ending::signalled) job->signal = report.code;
  // An earlier broker had it stopped and did not live to hear its end: cancels are in the ledger, so that it was for its time.
  if (job->stop == StopRequest::none && report.stopped && has_used_its_time(*job, ran)) stop_for_time(*job);
  // Unless it was stopped or ended badly, it finished before the stop could reach it.
  if (job->stop != StopRequest::none && (report.stopped || !well))
    return end_attempt(*job, outcome_of(job->stop, job->flags.durable), now, out);
  job->reason = report.reason;
  job->error_type = report.error_type;
  job->stop = StopRequest::none;
  end_attempt(*job, well ? Outcome::succeeded : report.ending == Ending::signalled ? Outcome::crashed : Outcome::failed, now, out);
}

void JobCore::on(WaitedAtQueue& event, const Now&, Effects&) {
  if (Job* job = known(event.job); job != nullptr && job->state == JobState::running) job->blocked_usec += event.time.count();
}

// The worker died after the job had been claimed. A function that was alone there is its worker: if it had started, it crashed. Of a
// command nobody knows; nor of several functions in as many threads, unless the worker was killed for one of them.
void JobCore::finish_lost(Job& job, const WorkerLost& event, std::uint64_t item, const Now& now, Effects& out) {
  const bool started = job.state == JobState::running;
  if (!started) change_state(job, JobState::running, out);
  const CoreWorker* worker = worker_of(job);
  const bool is_own_death = event.claimed.size() == 1 || job.to_be_killed;
  const bool is_anothers = !is_own_death && worker != nullptr && worker->kill_asked;
  leave_slot(job);
  // Likewise of a function, for which its worker was killed.
  if (job.stop == StopRequest::none && started && job.kind == shm::JobKind::function && event.signal == SIGKILL && is_own_death &&
      job.started_usec > 0 && has_used_its_time(job, now.wall_usec - job.started_usec))
    stop_for_time(job);
  if (job.stop != StopRequest::none) return end_attempt(job, outcome_of(job.stop, job.flags.durable), now, out);
  if (is_anothers) {
    job.reason = "another job had to be ended with worker " + std::to_string(job.worker_number.value) + ", in which this one ran as well";
    return end_attempt(job, Outcome::interrupted, now, out);
  }
  const bool crashed = started && job.kind == shm::JobKind::function && is_own_death;
  // took_worker_along() goes by how this begins.
  job.reason =
      "worker " + std::to_string(job.worker_number.value) + " " + way_of_death(event) +
      (started ? " after this job had started" : " when this job may have started") +
      (item > 0 && (crashed || !is_own_death) ? ", in item " + std::to_string(item) + " of its chunk" : "") +
      (is_own_death ? "" : ", and " + std::to_string(event.claimed.size() - 1) + " more in other threads; whose fault it was is not known");
  if (crashed && event.signal > 0) job.signal = event.signal;
  if (job.workers_killed < kPoisonousAfter) ++job.workers_killed;
  end_attempt(job, crashed ? Outcome::crashed : Outcome::interrupted, now, out);
}

// Requires: it is running, and in no slot.
void JobCore::end_attempt(Job& job, Outcome outcome, const Now& now, Effects& out) {
  if (job.ended_usec == 0) job.ended_usec = now.wall_usec;
  if (!may_retry(job, outcome)) return finish(job, outcome, now, out);
  if (job.workers_killed < kPoisonousAfter) return retry(job, outcome, now, out);
  job.reason = std::string{job.reason} + "; it was the third worker that died of this job, which is not tried again";
  finish(job, Outcome::poison, now, out);
}

bool JobCore::may_retry(const Job& job, Outcome outcome) const {
  const bool badly =
      outcome == Outcome::failed || outcome == Outcome::crashed || outcome == Outcome::timed_out || outcome == Outcome::interrupted;
  return badly && job.attempt <= job.retries && (job.flags.durable || !draining());
}

void JobCore::retry(Job& job, Outcome outcome, const Now& now, Effects& out) {
  auto ended = std::make_shared<Attempt>(attempt_of(job));
  ended->outcome = outcome;
  job.earlier.push_back(*ended);
  drop_middle_attempts(job);
  out.push_back(AttemptEnded{job.id, std::move(ended)});
  Attempt none;
  none.number = job.attempt;
  restore_attempt(job, none);
  job.attempt_open = false;
  job.stop = StopRequest::none;
  job.to_be_killed = false;
  wait_for_retry(job, now, out);
}

// Neither a worker's word nor a clock that was set back meanwhile makes the pause longer.
std::int64_t JobCore::retry_time(const Job& job, const Now& now) {
  const Attempt& ended = job.earlier.back();
  return std::min(ended.ended_usec, now.wall_usec) + backoff_after(ended.number, job.id, job.backoff).count();
}

void JobCore::wait_for_retry(Job& job, const Now& now, Effects& out) {
  const std::int64_t at = retry_time(job, now);
  if (at <= now.wall_usec) return become_ready(job, at, now, out);
  wait(job, WaitsFor::retry, out);
  set_timer(job, now.steady + Microseconds{at - now.wall_usec});
}

// Requires: the job is in no slot.
void JobCore::finish(Job& job, Outcome outcome, const Now& now, Effects& out) {
  drop_dependencies(job);
  clear_timer(job);
  if (job.state != JobState::running && job.attempt_open) undo_attempt(job, out);
  job.attempt_open = false;
  change_state(job, JobState::done, out);
  job.outcome = outcome;
  if (job.ended_usec == 0) job.ended_usec = now.wall_usec;
  job.payload = {};
  const bool is_saved_for_others = put_down_met_by(job, out);
  out.push_back(Ended{job.id, urgency_of_end(job), is_saved_for_others, job.flags.durable && has_ephemeral_dependents(job.id)});
  just_ended_.push_back(job.id);
}

// It was to be started under that number, and never was.
void JobCore::undo_attempt(Job& job, Effects& out) {
  if (job.flags.durable) out.push_back(Save{job.id, Save::What::attempt_undone, job.attempt});
  job.attempt_open = false;
  --job.attempt;
}

}  // namespace jobpool::broker
