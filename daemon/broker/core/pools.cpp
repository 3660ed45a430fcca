// What is said to pools: create, resize, pause, resume, close, terminate, delete.
#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

// Null: there is none, or it has been deleted.
CorePool* JobCore::open_pool(PoolNumber number) {
  CorePool* pool = pools_.find(number);
  return pool == nullptr || pool->record.deleted ? nullptr : pool;
}

void JobCore::has_changed(CorePool& pool, Effects& out) {
  pool.staff_changed = true;
  if (pool.record.state == PoolState::running) pool.left_told = true;  // nobody can have joined it
  out.push_back(SavePool{pool.record.number});
}

// It takes no jobs from now on. Those who join it are told once when it has none any more, whatever is said to it after that.
void JobCore::stop_taking_jobs(CorePool& pool, PoolState state, Effects& out) {
  if (std::exchange(pool.record.state, state) == PoolState::running) pool.left_told = false;
  has_changed(pool, out);
  refuse_blocked_of(pool, out);
}

void JobCore::on(CreatePool& event, const Now&, Effects& out) {
  PoolRecord record;
  record.number = pools_.free_number();
  record.settings = std::move(event.settings);
  has_changed(pools_.add(std::move(record)), out);
}

void JobCore::on(InheritedPool& event, const Now& now, Effects&) {
  CorePool& pool = pools_.add(std::move(event.record));
  if (pool.record.paused) pool.pauses.pause(now.wall_usec);  // since when, nobody has written down
  pool.left_told = pool.record.state == PoolState::running;
}

void JobCore::on(ResizePool& event, const Now&, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr) return;
  pool->record.settings.size = event.size;
  has_changed(*pool, out);
}

void JobCore::on(PausePool& event, const Now& now, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr || std::exchange(pool->record.paused, true)) return;
  pool->pauses.pause(now.wall_usec);
  has_changed(*pool, out);
  for (const auto& [incarnation, worker] : pool->workers) revoke_unstarted(worker, out);
  unstage(*pool, out);
}

void JobCore::on(ResumePool& event, const Now& now, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr) return;
  pool->record.paused = false;
  pool->pauses.resume(now.wall_usec);
  pool->record.state = PoolState::running;
  has_changed(*pool, out);
}

void JobCore::on(ClosePool& event, const Now&, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr || pool->record.state != PoolState::running) return;
  stop_taking_jobs(*pool, PoolState::closed, out);
}

void JobCore::on(TerminatePool& event, const Now& now, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr) return;
  stop_taking_jobs(*pool, PoolState::terminated, out);
  stop_jobs_of(*pool, event.grace, now, out);
}

// Those that have not started first: none of them is to take the place of one that is being stopped. A batch ends with its chunks.
void JobCore::stop_jobs_of(const CorePool& pool, Microseconds grace, const Now& now, Effects& out) {
  const auto is_queued = [](const Job& job) {
    return !job.flags.batch && (job.state == JobState::ready || job.state == JobState::waiting);
  };
  const auto is_running = [](const Job& job) { return job.state == JobState::running; };
  const auto stop_those = [&](const auto& are_meant) {
    for (Job* job = jobs_.first(); job != nullptr; job = jobs_.after(*job))
      if (job->pool == pool.record.number && are_meant(*job)) stop_with_pool(*job, grace, now, out);
  };
  stop_those(is_queued);
  stop_those(is_running);
}

void JobCore::stop_with_pool(Job& job, Microseconds grace, const Now& now, Effects& out) {
  // Somebody has stopped it already, and given it more time than there is.
  const bool is_too_slow = job.state == JobState::running && job.stop != StopRequest::none && grace < job.grace;
  const TimePoint due = job.due;
  job.grace = std::min(job.grace, grace);
  stop_job(job, StopRequest::cancel, Cancel::Haste::grace, "its pool was terminated", now, out);
  if (!is_too_slow) return;
  out.push_back(StopAsked{job.id});  // a next broker is to give it no more
  stop_running(job, Cancel::Haste::grace, now, out);
  if (due < job.due) set_timer(job, due);  // less may be left of its own
}

void JobCore::on(DeletePool& event, const Now&, Effects& out) {
  CorePool* pool = open_pool(event.pool);
  if (pool == nullptr || event.pool == kDefaultPoolNumber || !pool->has_left()) return;
  tell_left(*pool, out);  // it may have been left in this turn
  pool->record.deleted = true;
  has_changed(*pool, out);
  drop_unneeded(*pool, out);
}

void JobCore::drop_unneeded(CorePool& pool, Effects& out) {
  if (!pool.is_unneeded()) return;
  out.push_back(RemovePool{pool.record.number});
  pools_.erase(pool.record.number);
}

// Some have been paused, terminated or deleted by a broker that did not live to see the end of it.
void JobCore::settle_inherited_pools(const Now& now, Effects& out) {
  std::vector<CorePool*> deleted;
  pools_.each([&](CorePool& pool) {
    if (pool.record.paused)
      for (const auto& [incarnation, worker] : pool.workers) revoke_unstarted(worker, out);
    if (pool.record.state == PoolState::terminated) stop_jobs_of(pool, Microseconds::max(), now, out);
    if (pool.record.deleted) deleted.push_back(&pool);
  });
  for (CorePool* pool : deleted) drop_unneeded(*pool, out);
}

}  // namespace jobpool::broker
