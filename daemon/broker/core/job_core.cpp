// States, counts and timers: what all of the core's files share.
#include "daemon/broker/core/job_core.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "daemon/broker/core/transition.hpp"

namespace jobpool::broker {

JobCore::JobCore(CoreLimits limits, JobId next_id) : limits_(limits), next_id_(next_id), inherited_below_(next_id) {}

void JobCore::handle(Event&& event, const Now& now, Effects& out) {
  std::visit([&](auto& one) { on(one, now, out); }, event);
  // Not where it ended: a chain of a million jobs that wait for one another would be a million calls deep.
  while (!just_ended_.empty()) {
    const JobId ended = just_ended_.back();
    just_ended_.pop_back();
    release_dependents(ended, now, out);
  }
}

void JobCore::on(WorkerJoined& event, const Now&, Effects&) { workers_.add(event.incarnation, event.number); }

void JobCore::on(WorkerCondemned& event, const Now&, Effects&) { workers_.condemn(event.incarnation); }

void JobCore::on(Started& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered) return;
  if (job->started_usec == 0) {
    job->pid = event.pid;
    job->started_usec = event.started_usec;
  }
  // It is running already when a revoke found it claimed, or when it was inherited so, before this came.
  if (job->state == JobState::ready) begin_running(*job, now, out);
}

void JobCore::begin_running(Job& job, const Now& now, Effects& out) {
  change_state(job, JobState::running, out);
  if (job.timeout == Microseconds{0}) return;
  const std::int64_t ran = job.started_usec > 0 ? std::max<std::int64_t>(now.wall_usec - job.started_usec, 0) : 0;
  set_timer(job, now.steady + job.timeout - Microseconds{ran});
}

void JobCore::on(RecoveryBegun&, const Now&, Effects&) { recovering_ = true; }

void JobCore::on(RecoveryDone&, const Now& now, Effects& out) {
  recovering_ = false;
  if (draining()) clear_the_house(now, out);  // those that became known since
}

void JobCore::on(Tick&, const Now& now, Effects& out) {
  run_timers(now, out);
  cancel_unclaimed(now, out);
  unstage_stale(now, out);
  revoke_stale_offers(now, out);
}

void JobCore::on(EndOfTurn&, const Now& now, Effects& out) {
  accept_blocked(now, out);
  assign(now, out);
  stage(now, out);
  steal_for_idle(out);
  forget_surplus(now, out);
  drained_if_quiet(out);
}

Job* JobCore::known(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const Job* JobCore::find(JobId id) const { return const_cast<JobCore*>(this)->known(id); }

std::size_t& JobCore::count_of(JobState state) {
  return state == JobState::ready     ? ready_jobs_
         : state == JobState::running ? running_jobs_
         : state == JobState::waiting ? waiting_jobs_
                                      : done_jobs_;
}

void JobCore::enter(Job& job) {
  ids_.add(job.id);
  ++ready_jobs_;
  count_queued(job, +1);
}

void JobCore::leave(Job& job) {
  --count_of(job.state);
  if (job.state == JobState::ready || job.state == JobState::waiting) count_queued(job, -1);
}

void JobCore::count_queued(const Job& job, int change) {
  if (change > 0) {
    queued_bytes_ += job.payload.size();
    ++queued_of_[job.uid];
    return;
  }
  queued_bytes_ -= job.payload.size();
  room_was_made_ = true;
  const auto own = queued_of_.find(job.uid);
  if (--own->second == 0) queued_of_.erase(own);
}

void JobCore::change_state(Job& job, JobState to, Effects& out) {
  if (!may_change(job.state, to)) std::abort();  // a broken invariant: the supervisor starts a new broker, which recovers
  const auto is_queued = [](JobState state) { return state == JobState::ready || state == JobState::waiting; };
  --count_of(job.state);
  ++count_of(to);
  if (is_queued(job.state) != is_queued(to)) count_queued(job, is_queued(to) ? +1 : -1);
  out.push_back(Changed{job.id, job.state, to});
  job.state = to;
}

void JobCore::set_timer(Job& job, TimePoint at) {
  if (job.due == at) return;
  if (job.due != TimePoint::max()) timers_.erase({job.due, job.id});
  if (at != TimePoint::max()) timers_.emplace(at, job.id);
  job.due = at;
}

void JobCore::run_timers(const Now& now, Effects& out) {
  while (!timers_.empty() && timers_.begin()->first <= now.steady) {
    Job& job = jobs_.at(timers_.begin()->second);
    clear_timer(job);
    if (job.state == JobState::running)
      on_timer_of_running(job, now, out);
    else if (job.state == JobState::waiting && job.waits_for == WaitsFor::retry)
      become_ready(job, out);
    else if (job.state == JobState::waiting)
      wait_for_time(job, now, out);  // once more, should the wall clock have been set back meanwhile
  }
}

std::optional<TimePoint> JobCore::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint at) { next = next ? std::min(*next, at) : at; };
  if (!timers_.empty()) consider(timers_.begin()->first);
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
  const std::span<const JobId> ids = ids_.all();
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const Job* job = find(*id);
    if (job != nullptr && wanted(*job) && --count == 0) return *id;
  }
  return JobId{1};
}

}  // namespace jobpool::broker
