// How many workers a pool has: asks for those that are missing, sends away those that are too many, are done, or do not come up.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {
namespace {

using namespace std::chrono_literals;

constexpr Microseconds kLeaveTime = 10s;                          // for a worker without a job: one that does not leave by then is stuck
constexpr Microseconds kFirstPause = 200ms, kLongestPause = 30s;  // after set-ups that failed, doubling

Microseconds pause_after(unsigned failures) {
  Microseconds pause = kFirstPause;
  for (unsigned i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

// A tenth more or less, different from worker to worker: those that began together are not to be missing together.
std::uint64_t with_jitter(std::uint32_t tasks, Incarnation worker) {
  if (tasks == 0) return 0;
  const std::uint64_t spread = std::max<std::uint64_t>(tasks / 10, tasks >= 4 ? 1 : 0);
  const std::uint64_t mixed = (worker.value * 0x9e3779b97f4a7c15U) ^ (worker.value >> 7);
  return tasks - spread + (mixed >> 33) % (2 * spread + 1);
}

bool is_elastic(const CorePool& pool) { return pool.record.settings.min.has_value(); }

bool stays(const CoreWorker& worker) { return !worker.leaving && !worker.condemned; }

}  // namespace

void JobCore::on(StaffPools& event, const Now&, Effects&) {
  staffing_ = true;
  default_size_ = event.default_size;
  pools_.each([](CorePool& pool) { pool.staff_changed = true; });
}

void JobCore::on(WorkerJoined& event, const Now&, Effects& out) {
  CorePool* pool = pools_.find(event.pool);
  // Its pool had not been stored when its broker died, or has been deleted since: it is of no use to anybody.
  const bool is_stray = pool == nullptr || pool->record.deleted;
  if (pool == nullptr) pool = pools_.find(kDefaultPoolNumber);
  const bool was_asked_for = staffing_ && !is_stray && pool->asked > 0;
  if (was_asked_for)
    --pool->asked;
  else
    take_number(event.number);
  const PoolSettings& settings = pool->record.settings;
  const bool is_ready = !settings.needs_setup() || event.setup == WorkerJoined::Setup::done;
  CoreWorker& worker =
      pool->workers.add(event.incarnation, event.number, is_ready ? WorkerTable::Condition::ready : WorkerTable::Condition::starting);
  worker.max_tasks = with_jitter(settings.max_tasks, event.incarnation);
  worker.tasks = event.offers;
  pool->staff_changed = true;
  if (is_stray) {
    pool->workers.condemn(event.incarnation);
    worker.kill_asked = true;
    out.push_back(KillWorker{event.incarnation, "its pool is not there any more"});
  } else if (!is_ready && event.setup == WorkerJoined::Setup::to_do) {
    out.push_back(SetUpWorker{event.incarnation, pool->record.number});
  }
}

void JobCore::on(WorkerSetUp& event, const Now& now, Effects& out) {
  CorePool* pool = pools_.pool_of(event.incarnation);
  CoreWorker* worker = pool == nullptr ? nullptr : pool->workers.find(event.incarnation);
  if (worker == nullptr || !worker->starting) return;
  if (!event.error.empty()) return setup_has_failed(*pool, *worker, std::move(event.error), now, out);
  pool->setup_failures = 0;
  pool->setup_error.clear();
  pool->workers.has_been_set_up(*worker);
  pool->staff_changed = true;
}

// One at a time tries it again, with longer and longer pauses: in Python all do so at once, for ever.
void JobCore::setup_has_failed(CorePool& pool, CoreWorker& worker, std::string error, const Now& now, Effects& out) {
  pool.workers.condemn(worker.incarnation);
  worker.starting = false;
  worker.leaving = worker.replaced = true;
  pool.setup_error = std::move(error);
  const Microseconds pause = pause_after(++pool.setup_failures);
  pool.start_not_before = now.steady + pause;
  pool.staff_changed = true;
  out.push_back(SetupFailed{pool.record.number, worker.number, pause});
}

void JobCore::staff(const Now& now, Effects& out) {
  if (recovering_) return;  // not all workers are known
  const bool may_change = staffing_ && !draining();
  pools_.each([&](CorePool& pool) {
    const bool is_due = pool.staff_changed || pool.look_at <= now.steady || is_elastic(pool) || (pool.is_over() && pool.workers.size() > 0);
    if (!may_change)
      pool.look_at = TimePoint::max();  // a daemon that goes down would be woken for it again and again
    else if (is_due)
      staff(pool, now, out);
    tell_left(pool, out);
  });
}

void JobCore::staff(CorePool& pool, const Now& now, Effects& out) {
  pool.staff_changed = false;
  pool.look_at = TimePoint::max();
  // One that is to leave keeps its place as long as it is busy: no more run at once than there are places.
  std::size_t present = pool.asked, staying = pool.asked;
  for (const auto& [incarnation, worker] : pool.workers) {
    present += worker.replaced ? 0 : 1;
    staying += stays(worker) ? 1 : 0;
  }
  const std::size_t most = most_wanted(pool);
  const std::size_t least = somebody_is_left(pool) ? std::min(std::max(wanted(pool), present + 1), most) : wanted(pool);
  if (most == 0) unstage(pool, out);  // nobody will take them
  if (staying > most) dismiss_surplus(pool, staying - most, out);
  if (staying > least && staying <= most) dismiss_idle(pool, staying - least, now, out);
  if (present < least) start_workers(pool, least - present, now, out);
  see_off(pool, now, out);
}

bool JobCore::lacks_workers(PoolNumber number) const {
  const CorePool* pool = pools_.find(number);
  if (pool == nullptr || !staffing_ || draining()) return false;
  const auto counts = [](const auto& one) { return !one.second.replaced; };
  const auto present = std::count_if(pool->workers.begin(), pool->workers.end(), counts) + static_cast<std::ptrdiff_t>(pool->asked);
  return static_cast<std::size_t>(present) < wanted(*pool);
}

std::size_t JobCore::most_wanted(const CorePool& pool) const {
  const bool is_wanted = !pool.record.deleted && pool.record.state != PoolState::terminated && !pool.is_over();
  return is_wanted ? size_of(pool) : 0;
}

std::size_t JobCore::wanted(const CorePool& pool) const {
  const std::size_t most = most_wanted(pool);
  const std::size_t least = std::min<std::size_t>(pool.record.settings.min.value_or(most), most);
  const std::size_t jobs = pool.jobs.running + (pool.starts_jobs() ? startable(pool) : 0), threads = pool.workers.threads();
  return std::clamp((jobs + threads - 1) / threads, least, most);
}

// Of an elastic pool there may be as many threads as jobs, and one that waits all the same: its worker is to leave, has done its share or
// has one to be killed, or it needs a worker for itself. Whoever could take it had it in this turn. One more worker at a time.
bool JobCore::somebody_is_left(CorePool& pool) {
  if (!is_elastic(pool) || pool.workers.threads() == 1 || pool.asked > 0 || !pool.starts_jobs()) return false;
  if (std::ranges::any_of(pool.workers, [](const auto& one) { return one.second.starting; })) return false;
  const Job* const first = first_ready(pool);
  return first != nullptr && !(store_is_stuck_ && first->flags.durable);
}

void JobCore::start_workers(CorePool& pool, std::size_t missing, const Now& now, Effects& out) {
  if (pool.setup_failures > 0) {
    const bool one_tries =
        pool.asked > 0 || std::any_of(pool.workers.begin(), pool.workers.end(), [](const auto& one) { return one.second.starting; });
    if (one_tries) return;
    if (now.steady < pool.start_not_before) {
      pool.look_at = std::min(pool.look_at, pool.start_not_before);
      return;
    }
    missing = 1;
  }
  for (; missing > 0; --missing) {
    const WorkerNumber number = free_worker_number();
    lacks_numbers_ = number.value > kMaxWorkers;  // one that leaves gives its number back, and this is looked at again
    if (lacks_numbers_) return;
    take_number(number);
    ++pool.asked;
    out.push_back(StartWorker{number, pool.record.number});
  }
}

// Those that have least to do first.
void JobCore::dismiss_surplus(CorePool& pool, std::size_t surplus, Effects& out) {
  std::vector<CoreWorker*> staying;
  for (auto& [incarnation, worker] : pool.workers)
    if (stays(worker)) staying.push_back(&worker);
  std::ranges::stable_sort(staying, {}, [](const CoreWorker* worker) { return worker->starting ? 0 : worker->in_flight.size() + 1; });
  if (staying.size() > surplus) staying.resize(surplus);
  for (CoreWorker* worker : staying) dismiss(pool, *worker, out);
}

void JobCore::dismiss_idle(CorePool& pool, std::size_t surplus, const Now& now, Effects& out) {
  const std::vector<Incarnation> idle = pool.workers.all_idle();
  for (const Incarnation incarnation : idle) {
    CoreWorker& worker = *pool.workers.find(incarnation);
    if (worker.idle_since == TimePoint::max()) worker.idle_since = now.steady;
    const TimePoint until = worker.idle_since + pool.record.settings.idle_time;
    if (surplus == 0) continue;
    if (until > now.steady) {
      pool.look_at = std::min(pool.look_at, until);
      continue;
    }
    --surplus;
    dismiss(pool, worker, out);
  }
}

void JobCore::dismiss(CorePool& pool, CoreWorker& worker, Effects& out) {
  worker.leaving = true;
  if (worker.starting) {  // it would not hear of it before it is set up
    pool.workers.condemn(worker.incarnation);
    worker.kill_asked = true;
    out.push_back(KillWorker{worker.incarnation, "its pool needs it no more, and it was still being set up"});
    return;
  }
  revoke_unstarted(worker, out);
  pool.workers.condemn(worker.incarnation);
  out.push_back(DismissWorker{worker.incarnation});
}

// Its job has just been reported.
void JobCore::retire(const Job& job, Effects& out) {
  CorePool& pool = pool_of(job);
  CoreWorker* worker = pool.workers.find(job.worker);
  if (worker == nullptr) return;
  ++worker->tasks;
  if (worker->max_tasks == 0 || worker->tasks < worker->max_tasks || !stays(*worker)) return;
  worker->replaced = worker->in_flight.empty();
  dismiss(pool, *worker, out);
  pool.staff_changed = true;
}

// Without a job one leaves at once, or is stuck.
void JobCore::see_off(CorePool& pool, const Now& now, Effects& out) {
  const bool in_haste = pool.record.state == PoolState::terminated;
  const Microseconds patience = in_haste ? Microseconds{limits_.stop_margin} / 2 : kLeaveTime;
  for (auto& [incarnation, worker] : pool.workers) {
    if (!worker.leaving || worker.kill_asked || !worker.in_flight.empty()) continue;
    worker.leave_by = std::min(worker.leave_by, now.steady + patience);
    if (worker.leave_by > now.steady) {
      pool.look_at = std::min(pool.look_at, worker.leave_by);
      continue;
    }
    worker.kill_asked = true;
    out.push_back(KillWorker{incarnation, "it was to leave and did not"});
  }
}

void JobCore::tell_left(CorePool& pool, Effects& out) {
  if (!pool.left_told && pool.has_left()) {
    pool.left_told = true;
    out.push_back(PoolLeft{pool.record.number});
  }
}

// Over all pools, so that a number names one worker.
WorkerNumber JobCore::free_worker_number() const {
  std::uint32_t number = 1;
  while (number < numbers_.size() && numbers_[number] > 0) ++number;
  return WorkerNumber{number};
}

void JobCore::take_number(WorkerNumber number) {
  if (number.value > kMaxWorkers) return;
  if (number.value >= numbers_.size()) numbers_.resize(number.value + 1);
  ++numbers_[number.value];
}

void JobCore::give_back_number(WorkerNumber number) {
  if (number.value < numbers_.size() && numbers_[number.value] > 0) --numbers_[number.value];
  if (std::exchange(lacks_numbers_, false)) pools_.each([](CorePool& pool) { pool.staff_changed = true; });
}

}  // namespace jobpool::broker
