// Who runs next: the ready queue, how many offers a worker holds, and taking offers back when somebody else is idle.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {
namespace {

using namespace std::chrono_literals;

// An offer in hand saves a worker the wait for the broker, about 50 µs, and a durable job's broker a commit of its own for each attempt,
// which takes as long as /bin/true does. That is worth something only while jobs are short; and /bin/true takes 0.7 ms on one machine, and
// 6 on another, whose page faults are dear: there it was still a fifth of the rate.
constexpr auto kLongRun = 20ms;  // from here on one job at a time: nothing waits behind a slow one
constexpr std::size_t kUsualDepth = 2;
// When the backlog is deep as well, a worker has as much in hand as takes it so long. A more urgent job comes after that.
constexpr Microseconds kOfferedTime = 5ms;
constexpr std::size_t kDeepBacklogPerThread = 16;
// And behind it so much is recorded ahead: about as long as a slow commit takes.
constexpr Microseconds kStagedTime = 10ms;
constexpr Microseconds kShortRun = kStagedTime;  // below, that is one at least
constexpr std::size_t kStagedPerThread = 128;    // at most, however short they are
constexpr std::size_t kStaleEntries = 4'096;     // of cancelled jobs, before the ready queue is swept: rare, and 32 KiB
constexpr auto kStaleOffer = 100ms;              // an offer not started by then stands behind a job that turned out to be slow

std::size_t times_in(Microseconds time, Microseconds each) {
  return static_cast<std::size_t>(time.count() / std::max<Microseconds::rep>(each.count(), 1));
}

}  // namespace

void JobCore::push_back_ready(Job& job, const Now& now) {
  CorePool& pool = pool_of(job);
  // Cancelled ones leave their entries behind, which only the queue's head would drop: behind a head that waits for long they pile up.
  if (pool.ready.size() > 2 * pool.jobs.ready + kStaleEntries) pool.ready.sweep([this](JobId id) { return is_offerable(id); });
  if (!job.attempt_open) return pool.ready.push_back(job.id, job.priority, job.uid);
  // Its attempt was recorded by an earlier broker: it goes on as staged, or unstage_stale() undoes the attempt.
  const auto is_behind = [&](JobId id) { return is_offerable(id) && find(id)->priority < job.priority; };
  put_into_staged(pool, std::ranges::find_if(pool.staged, is_behind), job.id, now);
}

void JobCore::put_into_staged(CorePool& pool, std::deque<JobId>::iterator place, JobId job, const Now& now) {
  if (pool.staged.empty()) pool.staged_moved_at = now.steady;
  pool.staged.insert(place, job);
}

// For a job that was offered and never started: it goes before the others of its priority, in its old turn. It is `ready` and counted
// already.
void JobCore::push_front_ready(Job& job, const Now& now) {
  CorePool& pool = pool_of(job);
  if (store_is_stuck_ && job.flags.durable) return pool.set_aside.push_front(job.id);
  // One with a recorded attempt is nowhere else: from there it is taken, or unstaged.
  const auto place = std::ranges::find_if(pool.staged, [&](JobId id) { return is_offerable(id) && find(id)->priority <= job.priority; });
  if (!job.attempt_open) return pool.ready.push_front(job.id, job.priority, job.uid);
  put_into_staged(pool, place, job.id, now);
}

bool JobCore::is_offerable(JobId id) const {
  const Job* job = find(id);
  return job != nullptr && job->state == JobState::ready && !job->offered;
}

// The first of the ready queue.
Job* JobCore::first_queued(CorePool& pool) {
  while (const auto id = pool.ready.front()) {
    if (is_offerable(*id)) return known(*id);
    pool.ready.pop_front(ReadyQueue::Turn::kept);  // it was cancelled meanwhile
  }
  return nullptr;
}

Job* JobCore::first_ready(CorePool& pool) {
  while (!pool.staged.empty() && !is_offerable(pool.staged.front())) pool.staged.pop_front();
  Job* queued = first_queued(pool);
  if (pool.staged.empty()) return queued;
  Job* staged = known(pool.staged.front());
  return queued != nullptr && queued->priority > staged->priority ? queued : staged;
}

// As first_ready(), but for what cannot be started while the store is stuck: that is set aside, and overtaken.
Job* JobCore::first_startable(CorePool& pool, Effects& out) {
  for (;;) {
    Job* job = first_ready(pool);
    if (job == nullptr || !store_is_stuck_ || !job->flags.durable) return job;
    if (!pool.staged.empty() && pool.staged.front() == job->id)
      pool.staged.pop_front();
    else
      pool.ready.pop_front(ReadyQueue::Turn::kept);
    if (job->attempt_open) undo_attempt(*job, out);  // it may stand for long
    pool.set_aside.push_back(job->id);
  }
}

// The last first: each goes to the front of the queue.
void JobCore::on(StoreStuck& event, const Now& now, Effects& out) {
  store_is_stuck_ = true;
  for (auto id = event.unrecorded.rbegin(); id != event.unrecorded.rend(); ++id)
    if (Job* job = known(*id); job != nullptr && job->offered && job->state == JobState::ready) take_back(*job, now, out);
}

void JobCore::on(StoreMoves&, const Now& now, Effects&) {
  store_is_stuck_ = false;
  pools_.each([&](CorePool& pool) {
    for (; !pool.set_aside.empty(); pool.set_aside.pop_back())
      if (is_offerable(pool.set_aside.back())) push_front_ready(jobs_.at(pool.set_aside.back()), now);
  });
}

void JobCore::pop_ready(CorePool& pool, const Job& job, const Now& now) {
  if (pool.staged.empty() || pool.staged.front() != job.id) return pool.ready.pop_front(ReadyQueue::Turn::taken);
  pool.staged.pop_front();
  pool.staged_moved_at = now.steady;
}

// The ready ones, but for those that a stuck store holds up: durable ones that are not offered (those that are have their records).
std::size_t JobCore::startable(const CorePool& pool) const {
  if (!store_is_stuck_) return pool.jobs.ready;
  std::size_t count = pool.jobs.ready - pool.jobs.ready_durable;
  for (const auto& [incarnation, worker] : pool.workers)
    for (const JobId id : worker.in_flight) {
      const Job* job = find(id);
      count += job != nullptr && job->state == JobState::ready && job->flags.durable ? 1 : 0;
    }
  return count;
}

// (Of what is offered a backlog need not know.)
bool JobCore::has_deep_backlog_of_short_jobs(const CorePool& pool) const {
  const std::size_t backlog = pool.jobs.ready - (store_is_stuck_ ? pool.jobs.ready_durable : 0);
  return pool.usual_run < kShortRun && backlog > kDeepBacklogPerThread * pool.workers.all_threads();
}

// One for each thread, and what may stand behind these.
std::size_t JobCore::depth(const CorePool& pool) const {
  const std::size_t threads = pool.workers.threads();
  if (pool.usual_run >= kLongRun) return threads;
  const std::size_t usual = threads - 1 + kUsualDepth;
  return std::min(has_deep_backlog_of_short_jobs(pool) ? std::max(threads * times_in(kOfferedTime, pool.usual_run), usual) : usual,
                  shm::kSlots);
}

// A worker died with this job and others in it, and nobody knows of which. It runs by itself from now on: the next time it will be known,
// and if it was this one's fault, it costs no other.
bool JobCore::is_suspect(const CorePool& pool, const Job& job) { return job.workers_killed > 0 && pool.workers.threads() > 1; }

// Null: none may get it now. The caller's own streams, and suspects, go to idle workers only.
CoreWorker* JobCore::worker_for(CorePool& pool, const Job& job) {
  if (job.flags.has_descriptors || is_suspect(pool, job)) return pool.workers.idle();
  CoreWorker* worker = pool.workers.with_free_thread();
  return worker != nullptr ? worker : pool.workers.least_loaded(depth(pool));
}

void JobCore::offer(Job& job, CoreWorker& worker, const Now& now, Effects& out) {
  job.offered = true;
  job.offered_at = now.steady;
  job.worker = worker.incarnation;
  job.worker_number = worker.number;
  CorePool& pool = pool_of(job);
  pool.workers.put(worker, job.id, is_suspect(pool, job) ? WorkerTable::Company::none : WorkerTable::Company::any);
  open_attempt(job, Urgency::now, out);
  out.push_back(OfferJob{job.id, worker.incarnation});
}

// One that was taken back before it started is used again.
void JobCore::open_attempt(Job& job, Urgency urgency, Effects& out) {
  if (std::exchange(job.attempt_open, true)) return;
  ++job.attempt;
  if (job.flags.durable) out.push_back(Save{job.id, Save::What::attempt, job.attempt, {}, urgency});
}

// With short jobs, a commit between each worker's last job and its next would cost more than all of them: attempts are recorded some jobs
// ahead, and by halves, so that many are recorded at once. Should the host die now, these end as `interrupted` too, since nobody can know
// that they had not started; hence not more of them.
void JobCore::stage(CorePool& pool, const Now& now, Effects& out) {
  if (draining() || store_is_stuck_ || !pool.starts_jobs() || !has_deep_backlog_of_short_jobs(pool)) return;
  const std::size_t in_time = times_in(kStagedTime, pool.usual_run);
  const std::size_t most = std::min(in_time, kStagedPerThread) * pool.workers.all_threads();
  if (pool.staged.size() > most / 2) return;
  // The other half keeps the workers busy for some milliseconds, unless they are so quick that it had to be cut short.
  const Urgency urgency = in_time > kStagedPerThread ? Urgency::now : Urgency::later;
  while (pool.staged.size() < most) {
    Job* job = first_queued(pool);
    if (job == nullptr || !job->flags.durable) return;
    pool.ready.pop_front(ReadyQueue::Turn::taken);
    if (pool.staged.empty()) pool.staged_moved_at = now.steady;
    pool.staged.push_back(job->id);
    open_attempt(*job, urgency, out);
  }
}

// Of what waits for an end in a deep backlog, each has many others beside it.
Urgency JobCore::urgency_of_end(const Job& job) const {
  return has_deep_backlog_of_short_jobs(pools_.at(job.pool)) ? Urgency::later : Urgency::now;
}

// Jobs were short, and those that run now are not: what stands behind them may stand for hours, and its record must not say meanwhile that
// it could have started.
void JobCore::unstage_stale(const Now& now, Effects& out) {
  pools_.each([&](CorePool& pool) {
    if (pool.staged.empty() || now.steady < stale_at(pool)) return;
    pool.usual_run = std::max<Microseconds>(pool.usual_run, kLongRun);
    unstage(pool, out);
  });
}

TimePoint JobCore::stale_at(const CorePool& pool) { return pool.staged_moved_at + kStaleOffer + Microseconds{1}; }

void JobCore::unstage(CorePool& pool, Effects& out) {
  for (; !pool.staged.empty(); pool.staged.pop_back()) {
    if (!is_offerable(pool.staged.back())) continue;
    Job& job = jobs_.at(pool.staged.back());
    if (job.attempt_open) undo_attempt(job, out);  // a drain may have done so
    pool.ready.push_front(job.id, job.priority, job.uid);
  }
}

void JobCore::assign(CorePool& pool, const Now& now, Effects& out) {
  if (draining() || !pool.starts_jobs()) return;
  while (Job* job = first_startable(pool, out)) {
    CoreWorker* worker = worker_for(pool, *job);
    if (worker == nullptr) return;  // nobody overtakes the job that waits for one
    jobs_.foresee(job->id);
    pop_ready(pool, *job, now);
    offer(*job, *worker, now, out);
  }
}

// An idle thread and an empty queue: what stands behind the running jobs of another worker would start sooner there.
void JobCore::steal_for_idle(CorePool& pool, Effects& out) {
  WorkerTable& workers = pool.workers;
  if (workers.standing_behind() == 0) return;
  std::size_t thieves = workers.free_threads();
  if (thieves == 0 || first_ready(pool) != nullptr) return;
  for (auto& [incarnation, worker] : workers) {
    if (thieves == 0) return;
    if (worker.in_flight.size() <= workers.threads()) continue;
    // Not the first: those are running, or about to. Of the others the last first: each goes to the front of the queue.
    for (std::size_t i = workers.threads() + std::min(thieves, worker.in_flight.size() - workers.threads()); i-- > workers.threads();) {
      const Job& job = jobs_.at(worker.in_flight[i]);
      if (job.state != JobState::ready || (store_is_stuck_ && job.flags.durable)) continue;
      out.push_back(RevokeJob{job.id, incarnation});
      --thieves;
    }
  }
}

void JobCore::revoke_stale_offers(const Now& now, Effects& out) {
  pools_.each([&](CorePool& pool) {
    for (auto& [incarnation, worker] : pool.workers)
      for (std::size_t i = worker.in_flight.size(); i-- > pool.workers.threads();) {  // the last first: each goes to the front of the queue
        const Job& job = jobs_.at(worker.in_flight[i]);
        if (job.state != JobState::ready || now.steady - job.offered_at <= kStaleOffer) continue;
        // What it stands behind is long; else it would be offered there again at once.
        pool.usual_run = std::max<Microseconds>(pool.usual_run, kLongRun);
        out.push_back(RevokeJob{job.id, incarnation});
      }
  });
}

// The last first: each goes to the front of the queue.
void JobCore::revoke_unstarted(const CoreWorker& worker, Effects& out) {
  for (auto id = worker.in_flight.rbegin(); id != worker.in_flight.rend(); ++id)
    if (jobs_.at(*id).state == JobState::ready) out.push_back(RevokeJob{*id, worker.incarnation});
}

void JobCore::on(Revoked& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered) return;
  if (!event.never_started) {  // it was claimed first; its START may still be on its way
    if (job->state == JobState::ready) begin_running(*job, now, out);
    return go_on_with_claimed(*job, now, out);
  }
  take_back(*job, now, out);
  if (job->state == JobState::ready && pool_of(*job).workers.free_threads() > 0) taken_back_for_idle_ = true;
}

// A stop came too late to take it back: it is stopped as a running one, if those are.
void JobCore::go_on_with_claimed(Job& job, const Now& now, Effects& out) {
  if (job.stop == StopRequest::shutdown && drain_ == DrainMode::drain) {  // what runs may finish
    job.stop = StopRequest::none;
    job.reason = {};
  }
  if (job.stop != StopRequest::none) return stop_running(job, Cancel::Haste::grace, now, out);
  // A durable one was to be taken back only, so that it stays for the next daemon.
  if (drain_ == DrainMode::stop_all) stop_for_shutdown(job, Cancel::Haste::now, now, out);
}

// It was offered, and never started under that offer: no attempt is spent.
void JobCore::take_back(Job& job, const Now& now, Effects& out) {
  leave_slot(job);
  if (job.stop == StopRequest::cancel || (job.stop == StopRequest::shutdown && !job.flags.durable))
    return finish(job, Outcome::cancelled, now, out);
  // It may stand for long: see unstage_stale(). Where somebody is idle, or jobs are short, it keeps its record and goes on without a
  // commit.
  const CorePool& pool = pool_of(job);
  const bool may_stand = !pool.starts_jobs() || (staffing_ && most_wanted(pool) == 0) || store_is_stuck_ ||
                         (pool.workers.free_threads() == 0 && pool.usual_run >= kLongRun);
  if (job.flags.durable && may_stand) undo_attempt(job, out);
  push_front_ready(job, now);
}

void JobCore::on(OfferFailed& event, const Now& now, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr || !job->offered) return;
  CoreWorker* worker = worker_of(*job);
  if (worker != nullptr && worker->in_flight.size() == 1) {
    leave_slot(*job);
    job->reason = "its payload of " + std::to_string(job->payload.size()) + " bytes does not fit a worker's segment";
    return finish(*job, Outcome::failed, now, out);
  }
  take_back(*job, now, out);
  if (worker != nullptr) worker->blocked = true;
}

void JobCore::leave_slot(Job& job) {
  job.offered = false;
  CorePool& pool = pool_of(job);
  CoreWorker* worker = pool.workers.find(job.worker);
  if (worker == nullptr) return;
  pool.workers.take(*worker, job.id);
  if (worker->leaving) pool.staff_changed = true;  // it may have nothing more to do
}

}  // namespace jobpool::broker
