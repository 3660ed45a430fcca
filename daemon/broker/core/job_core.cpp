// States, counts and timers: what all of the core's files share.
#include "daemon/broker/core/job_core.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

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

void JobCore::on(WorkerCondemned& event, const Now&, Effects& out) {
  CorePool* pool = pools_.pool_of(event.incarnation);
  if (pool == nullptr) return;
  pool->workers.condemn(event.incarnation);
  if (CoreWorker* worker = pool->workers.find(event.incarnation); event.why == WorkerCondemned::Why::leaves) {
    worker->leaving = true;
    revoke_unstarted(*worker, out);
  }
  pool->staff_changed = true;
}

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
  order_inherited_ends();
  settle_inherited_pools(now, out);
  if (draining()) clear_the_house(now, out);  // those that became known since
}

void JobCore::on(Tick&, const Now& now, Effects& out) {
  run_timers(now, out);
  cancel_unclaimed(now, out);
  unstage_stale(now, out);
  revoke_stale_offers(now, out);
}

void JobCore::on(EndOfTurn&, const Now& now, Effects& out) {
  taken_back_for_idle_ = false;
  accept_blocked(now, out);
  pools_.each([&](CorePool& pool) {
    assign(pool, now, out);
    stage(pool, now, out);
    steal_for_idle(pool, out);
  });
  staff(now, out);
  if (!recovering_) forget_surplus(now, out);  // a chunk may be known, and its batch not yet
  drained_if_quiet(out);
}

void JobCore::count(const Job& job, JobState state, int change) {
  for (JobCounts* counts : {&jobs_by_state_, &pool_of(job).jobs}) {
    counts->of(state) += static_cast<std::size_t>(change);
    if (state == JobState::ready && job.flags.durable) counts->ready_durable += static_cast<std::size_t>(change);
  }
}

void JobCore::count_settled(const Job& job, int change) {
  jobs_by_state_.settled += static_cast<std::size_t>(change);
  pool_of(job).jobs.settled += static_cast<std::size_t>(change);
}

void JobCore::enter(Job& job) {
  count(job, JobState::ready, +1);
  count_queued(job, +1);
}

void JobCore::leave(Job& job) {
  count(job, job.state, -1);
  if (job.state == JobState::ready || job.state == JobState::waiting) count_queued(job, -1);
}

void JobCore::count_queued(const Job& job, int change) {
  if (change > 0) {
    queued_payload_bytes_ += job.payload.size();
    ++queued_of_[job.uid];
    return;
  }
  queued_payload_bytes_ -= job.payload.size();
  room_was_made_ = true;
  --queued_of_.at(job.uid);
}

void JobCore::change_state(Job& job, JobState to, Effects& out) {
  if (!may_change(job.state, to)) std::abort();  // a broken invariant: the supervisor starts a new broker, which recovers
  const auto is_queued = [](JobState state) { return state == JobState::ready || state == JobState::waiting; };
  count(job, job.state, -1);
  count(job, to, +1);
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

// Whatever it waited for.
void JobCore::clear_timer(Job& job) {
  set_timer(job, TimePoint::max());
  if (job.state == JobState::waiting && job.waits_for == WaitsFor::time) waiting_for_time_.erase({job.not_before_usec, job.id});
}

void JobCore::run_timers(const Now& now, Effects& out) {
  while (!timers_.empty() && timers_.begin()->first <= now.steady) {
    Job& job = jobs_.at(timers_.begin()->second);
    clear_timer(job);
    if (job.state == JobState::running)
      on_timer_of_running(job, now, out);
    else if (job.state == JobState::waiting && job.waits_for == WaitsFor::retry)
      become_ready(job, std::min(retry_time(job, now), now.wall_usec), now, out);
  }
  while (!waiting_for_time_.empty() && waiting_for_time_.begin()->first <= now.wall_usec) {
    Job& job = jobs_.at(waiting_for_time_.begin()->second);
    become_ready(job, job.not_before_usec, now, out);
  }
}

std::optional<TimePoint> JobCore::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint at) { next = next ? std::min(*next, at) : at; };
  if (!timers_.empty()) consider(timers_.begin()->first);
  if (claims_due_ != TimePoint::max()) consider(claims_due_);
  if (forget_at_ != TimePoint::max()) consider(forget_at_);
  pools_.each([&](const CorePool& pool) {
    if (pool.look_at != TimePoint::max()) consider(pool.look_at);
    if (!pool.staged.empty()) consider(stale_at(pool));
  });
  return next;
}

std::optional<std::int64_t> JobCore::next_wall_deadline() const {
  return waiting_for_time_.empty() ? std::nullopt : std::optional{waiting_for_time_.begin()->first};
}

CoreCounts JobCore::counts() const {
  CoreCounts counts{jobs_by_state_, 0, 0};
  pools_.each([&](const CorePool& pool) {
    counts.workers += pool.workers.size();
    counts.workers_idle += pool.workers.idle_count();
  });
  return counts;
}

std::size_t JobCore::ready_entries() const {
  std::size_t entries = 0;
  pools_.each([&](const CorePool& pool) { entries += pool.ready.size() + pool.staged.size() + pool.set_aside.size(); });
  return entries;
}

JobId JobCore::begin_of_last(std::size_t count, function_ref<bool(const Job&)> wanted) const {
  for (const Job* job = jobs_.before(next_id_); job != nullptr; job = jobs_.before(job->id))
    if (wanted(*job) && --count == 0) return job->id;
  return JobId{1};
}

}  // namespace jobpool::broker
