// Events of a job's ordinary life: submission, start, report, end, forgetting.
#include "daemon/broker/core/job_core.hpp"

#include <algorithm>
#include <cstdlib>
#include <ranges>
#include <utility>

#include "daemon/broker/core/transition.hpp"

namespace jobpool::broker {

JobCore::JobCore(CoreLimits limits, JobId next_id) : limits_(limits), next_id_(next_id), inherited_below_(next_id) {}

void JobCore::handle(Event&& event, const Now& now, Effects& out) {
  std::visit([&](auto& one) { on(one, now, out); }, event);
}

void JobCore::on(Submit& event, const Now& now, Effects& out) {
  if (accept_known_key(event, out)) return;
  if (draining()) {
    out.push_back(Refused{event.token, Refusal::not_running, {}});
    return;
  }
  if (ready_jobs_ >= limits_.max_ready_jobs || ready_bytes_ + event.payload.size() > limits_.max_ready_bytes) {
    out.push_back(Refused{event.token, Refusal::queue_full, {}});
    return;
  }
  const JobId id{next_id_.value++};
  Job& job = jobs_[id];
  ids_.add(id);
  job.id = id;
  job.mode = event.mode;
  job.kind = event.kind;
  job.flags = event.flags;
  job.uid = event.uid;
  job.grace = event.grace;
  job.payload = std::move(event.payload);
  job.name = std::move(event.name);
  job.description = std::move(event.description);
  job.key = std::move(event.key);
  job.spec_hash = event.spec_hash;
  job.submitted_usec = now.wall_usec;
  if (!job.key.empty()) keys_.emplace(std::pair{job.uid, job.key}, id);
  push_back_ready(job);
  out.push_back(Accepted{event.token, id, Accepted::Kind::fresh});
}

// The same key with the same submission is the same job, whatever has become of it.
bool JobCore::accept_known_key(const Submit& event, Effects& out) {
  if (event.key.empty()) return false;
  const auto found = keys_.find(std::pair{event.uid, event.key});
  if (found == keys_.end()) return false;
  Job& job = jobs_.at(found->second);
  if (job.spec_hash != event.spec_hash) {
    out.push_back(Refused{event.token, Refusal::key_conflict, job.id});
    return true;
  }
  claim_by_.erase(job.id);  // its caller is back
  out.push_back(Accepted{event.token, job.id, Accepted::Kind::known});
  return true;
}

void JobCore::on(WorkerJoined& event, const Now&, Effects&) { workers_.add(event.incarnation, event.number); }

void JobCore::on(WorkerCondemned& event, const Now&, Effects&) { workers_.condemn(event.incarnation); }

void JobCore::on(Started& event, const Now&, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered || job->started_usec != 0) return;
  job->pid = event.pid;
  job->started_usec = event.started_usec;
  // It is running already when a revoke found it claimed, or when it was inherited so, before this came.
  if (job->state == JobState::ready) change_state(*job, JobState::running, out);
}

void JobCore::on(Reported& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered) return;
  if (job->state == JobState::ready)
    change_state(*job, JobState::running, out);  // its START is in the same drain, or was lost with a broker
  const Report& report = *event.report;
  job->ended_usec = report.ended_usec;
  job->user_usec = report.user_usec;
  job->system_usec = report.system_usec;
  job->max_rss_bytes = report.max_rss_bytes;
  if (job->started_usec > 0) {
    // Both are a worker's word: compared before they are subtracted.
    const std::int64_t ran = report.ended_usec > job->started_usec ? report.ended_usec - job->started_usec : 0;
    usual_run_ = (usual_run_ * 7 + Microseconds{std::min<std::int64_t>(ran, 1'000'000)}) / 8;
  }
  leave_slot(*job);

  const bool well = report.ending == Ending::returned || (report.ending == Ending::exited && report.code == 0);
  if (report.ending == Ending::exited || report.ending == Ending::not_started) job->exit_code = report.code;
  if (report.ending == Ending::signalled) job->signal = report.code;
  // Unless it was stopped or ended badly, it finished before the stop could reach it.
  if (job->stop == StopRequest::cancel && (report.stopped || !well)) return finish(*job, Outcome::cancelled, now, out);
  job->reason = report.reason;
  job->error_type = report.error_type;
  if (job->stop == StopRequest::cancel) job->stop = StopRequest::none;
  finish(*job, well ? Outcome::succeeded : report.ending == Ending::signalled ? Outcome::crashed : Outcome::failed, now, out);
}

void JobCore::on(RecoveryBegun&, const Now&, Effects&) { recovering_ = true; }

void JobCore::on(RecoveryDone&, const Now& now, Effects& out) {
  recovering_ = false;
  if (drain_ != DrainMode::none) end_for_drain(now, out);  // those that became known since
}

void JobCore::on(Inherited& event, const Now& now, Effects& out) {
  const JobId id = event.job.id;
  if (id.value == 0 || jobs_.contains(id)) return;
  Job& job = jobs_[id] = std::move(event.job);
  ids_.add(id);
  if (id.value >= next_id_.value) next_id_.value = id.value + 1;
  inherited_below_ = next_id_;
  if (!job.key.empty()) keys_.emplace(std::pair{job.uid, job.key}, id);
  job.state = JobState::ready;
  job.offered = false;
  const bool to_stop = event.place != Inherited::Place::ended && job.stop == StopRequest::cancel;
  if (event.place == Inherited::Place::ended) {
    ++ready_jobs_;  // change_state() takes it out again
    change_state(job, JobState::done, out);
    out.pop_back();  // it had changed long ago
    if (job.mode == Mode::apply_async) done_async_.push_back(id);
  } else if (event.place == Inherited::Place::revoked) {
    push_back_ready(job);
    if (to_stop) finish(job, Outcome::cancelled, now, out);
  } else {
    ++ready_jobs_;
    ready_bytes_ += job.payload.size();
    offer(job, *workers_.find(job.worker), now, out);
    out.pop_back();                                         // it is in its slot already: no effect, the books only
    if (to_stop) out.push_back(RevokeJob{id, job.worker});  // started, it is stopped again
  }
  // Without a key nobody can come back for it.
  if (job.mode == Mode::apply) claim_by_.emplace(id, now.steady + (job.key.empty() ? std::chrono::seconds{0} : limits_.claim_time));
}

void JobCore::on(Delivered& event, const Now&, Effects&) {
  Job* job = known(event.job);
  if (job == nullptr || job->state != JobState::done || job->mode != Mode::apply || claim_by_.contains(job->id)) return;
  if (std::exchange(job->delivered, true)) return;
  done_apply_.push_back(job->id);
}

void JobCore::on(Tick&, const Now& now, Effects& out) {
  kill_overdue(now, out);
  cancel_unclaimed(now, out);
  revoke_stale_offers(now, out);
}

void JobCore::on(EndOfTurn&, const Now& now, Effects& out) {
  assign(now, out);
  steal_for_idle(out);
  forget_surplus(out);
  drained_if_quiet(out);
}

Job* JobCore::known(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const Job* JobCore::find(JobId id) const { return const_cast<JobCore*>(this)->known(id); }

void JobCore::change_state(Job& job, JobState to, Effects& out) {
  if (!may_change(job.state, to)) std::abort();  // a broken invariant: the supervisor starts a new broker, which recovers
  const auto counter = [this](JobState state) -> std::size_t& {
    return state == JobState::ready     ? ready_jobs_
           : state == JobState::running ? running_jobs_
           : state == JobState::waiting ? waiting_jobs_
                                        : done_jobs_;
  };
  --counter(job.state);
  ++counter(to);
  if (job.state == JobState::ready) ready_bytes_ -= job.payload.size();
  if (to == JobState::ready) ready_bytes_ += job.payload.size();
  out.push_back(Changed{job.id, job.state, to});
  job.state = to;
}

// Requires: the job is in no slot.
void JobCore::finish(Job& job, Outcome outcome, const Now& now, Effects& out) {
  if (job.state != JobState::running) job.attempt = 0;  // it was never started
  change_state(job, JobState::done, out);
  job.outcome = outcome;
  if (job.ended_usec == 0) job.ended_usec = now.wall_usec;
  job.payload = {};
  // An apply is kept until its caller has the answer: a key that was forgotten too early would run the job again.
  if (job.mode == Mode::apply_async) done_async_.push_back(job.id);
  out.push_back(Ended{job.id});
}

void JobCore::forget_surplus(Effects& out) {
  const auto shrink = [&](std::deque<JobId>& done, std::size_t kept) {
    while (done.size() > kept) {
      forget(done.front(), out);
      done.pop_front();
    }
  };
  shrink(done_async_, limits_.kept_async);
  shrink(done_apply_, limits_.kept_apply);
  ids_.sweep(jobs_.size(), [this](JobId id) { return jobs_.contains(id); });
}

void JobCore::forget(JobId id, Effects& out) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  if (!found->second.key.empty()) keys_.erase(std::pair{found->second.uid, found->second.key});
  out.push_back(Forgotten{id, found->second.attempt, found->second.kind});
  jobs_.erase(found);
  --done_jobs_;
}

void JobCore::drained_if_quiet(Effects& out) {
  if (!draining() || drained_told_ || recovering_ || ready_jobs_ + running_jobs_ > 0) return;
  drained_told_ = true;
  out.push_back(Drained{});
}

std::optional<TimePoint> JobCore::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint at) { next = next ? std::min(*next, at) : at; };
  if (!kill_at_.empty()) consider(kill_at_.begin()->first);
  for (const auto& [job, at] : claim_by_) consider(at);
  return next;
}

CoreCounts JobCore::counts() const {
  return {ready_jobs_, running_jobs_, waiting_jobs_, done_jobs_, workers_.size(), workers_.idle_count()};
}

const Job* JobCore::next_job(JobId from) const {
  for (const JobId id : ids_.from(from))
    if (const Job* job = find(id)) return job;
  return nullptr;
}

JobId JobCore::begin_of_last(std::size_t count, function_ref<bool(const Job&)> wanted) const {
  for (const JobId id : std::views::reverse(ids_.all())) {
    const Job* job = find(id);
    if (job != nullptr && wanted(*job) && --count == 0) return id;
  }
  return JobId{1};
}

}  // namespace jobpool::broker
