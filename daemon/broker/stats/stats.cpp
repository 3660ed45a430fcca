// See stats.hpp.
#include "daemon/broker/stats/stats.hpp"

#include <algorithm>

namespace jobpool::broker {

void PoolCounts::add(const PoolCounts& other) {
  accepted += other.accepted;
  started += other.started;
  retried += other.retried;
  revoked += other.revoked;
  for (std::size_t i = 0; i < ended.size(); ++i) ended[i] += other.ended[i];
  queueing.add(other.queueing);
  running.add(other.running);
  end_to_end.add(other.end_to_end);
  lives.jobs += other.lives.jobs;
  lives.ready_usec += other.lives.ready_usec;
  lives.running_usec += other.lives.running_usec;
  lives.waiting_usec += other.lives.waiting_usec;
}

PoolCounts& Stats::of(PoolNumber pool) {
  std::unique_ptr<PoolCounts>& counts = pools_.at(pool.value);
  if (counts == nullptr) counts = std::make_unique<PoolCounts>();
  return *counts;
}

void Stats::accepted(const Job& job, std::int64_t second) {
  PoolCounts& counts = of(job.pool);
  ++counts.accepted;
  counts.recent_accepted.add(second);
}

void Stats::started(const Job& job, std::int64_t second) {
  PoolCounts& counts = of(job.pool);
  ++counts.started;
  counts.recent_started.add(second);
}

void Stats::add_times(PoolCounts& counts, std::int64_t ready, std::int64_t started, std::int64_t ended) {
  if (started <= 0) return;
  if (ready > 0) counts.queueing.add(Microseconds{started - ready});
  if (ended > 0) counts.running.add(Microseconds{ended - started});
}

void Stats::retried(const Job& job, const Attempt& attempt) {
  PoolCounts& counts = of(job.pool);
  ++counts.retried;
  add_times(counts, attempt.ready_usec, attempt.started_usec, attempt.ended_usec);
}

void Stats::ended(const Job& job, std::int64_t second) {
  PoolCounts& counts = of(job.pool);
  ++counts.ended[static_cast<std::size_t>(job.outcome)];
  counts.recent_ended.add(second);
  add_times(counts, job.ready_usec, job.started_usec, job.ended_usec);
  if (job.submitted_usec > 0 && job.ended_usec > 0) counts.end_to_end.add(Microseconds{job.ended_usec - job.submitted_usec});
  add_life(counts, job);
}

// As job_times tells of one, but for pauses and waits at queues. What lies between two attempts is waiting.
void Stats::add_life(PoolCounts& counts, const Job& job) {
  std::int64_t ready = 0, running = 0, waiting = 0, from = job.submitted_usec;
  const auto add = [&](std::int64_t ready_usec, std::int64_t started_usec, std::int64_t ended_usec) {
    if (ready_usec <= 0 || started_usec < ready_usec || ended_usec < started_usec) return false;
    waiting += std::max<std::int64_t>(ready_usec - from, 0);
    ready += started_usec - ready_usec;
    running += ended_usec - started_usec;
    from = ended_usec;
    return true;
  };
  std::uint32_t last = 0;
  for (const Attempt& attempt : job.earlier) {
    const bool is_next = attempt.number == std::exchange(last, attempt.number) + 1;  // of very many the middle is not known
    if (!is_next || !add(attempt.ready_usec, attempt.started_usec, attempt.ended_usec)) return;
  }
  if (!add(job.ready_usec, job.started_usec, job.ended_usec)) return;
  ++counts.lives.jobs;
  counts.lives.ready_usec += ready;
  counts.lives.running_usec += running;
  counts.lives.waiting_usec += waiting;
}

void Stats::forget(PoolNumber pool) {
  std::unique_ptr<PoolCounts>& counts = pools_.at(pool.value);
  if (counts != nullptr) gone_.add(*counts);
  counts.reset();
}

PoolCounts Stats::total() const {
  PoolCounts total = gone_;
  for (const auto& counts : pools_)
    if (counts != nullptr) total.add(*counts);
  return total;
}

Stats::Rates Stats::rates(std::int64_t second) const {
  Rates rates;
  for (const auto& counts : pools_) {
    if (counts == nullptr) continue;
    rates.accepted += counts->recent_accepted.count(second);
    rates.started += counts->recent_started.count(second);
    rates.ended += counts->recent_ended.count(second);
  }
  return rates;
}

}  // namespace jobpool::broker
