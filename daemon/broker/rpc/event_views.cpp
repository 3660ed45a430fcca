// From the core's jobs and pools to the protocol's events.
#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

void tell_end(proto::Event& event, Outcome outcome, const Attempt& last) {
  event.outcome = outcome;
  event.exit_code = last.exit_code;
  event.signal = last.signal;
  event.reason = last.reason;
  event.error_type = last.error_type;
}

}  // namespace

proto::Event job_event(const Job& job, JobState to, const JobCore& core, std::int64_t now_usec) {
  proto::Event event;
  event.kind = proto::EventKind::job;
  event.usec = now_usec;
  event.job = job.id;
  event.pool = core.pools().at(job.pool).record.settings.name;
  event.state = to_string(to);
  if (to == JobState::running && job.started_usec > 0) event.usec = job.started_usec;
  if (to == JobState::done) event.usec = job.ended_usec;
  const bool runs = to == JobState::running || (to == JobState::done && job.started_usec > 0);
  if (job.attempt > 0 && (runs || !job.attempt_open)) event.attempt = static_cast<int>(job.attempt);
  if (runs && job.worker_number.value > 0) event.worker = job.worker_number.value;
  if (runs && job.pid > 0) event.pid = job.pid;
  if (to == JobState::done) tell_end(event, job.outcome, attempt_of(job));
  const bool again = (to == JobState::ready || to == JobState::waiting) && !job.earlier.empty();
  if (again) tell_end(event, job.earlier.back().outcome.value_or(Outcome::interrupted), job.earlier.back());
  if (to == JobState::waiting) event.waiting_for = condition_of(job, core);
  if (to == JobState::ready && core.is_held_back(job)) {
    event.state = to_string(JobState::waiting);
    event.waiting_for = condition_of(job, core);
  }
  return event;
}

proto::Event pool_event(const CorePool& pool, std::int64_t now_usec) {
  const PoolRecord& record = pool.record;
  proto::Event event;
  event.kind = proto::EventKind::pool;
  event.usec = now_usec;
  event.pool = record.settings.name;
  // As it was left by who changed it; that its workers have left is told by itself.
  event.state = record.state == PoolState::closed       ? "closed"
                : record.state == PoolState::terminated ? "terminated"
                : record.paused                         ? "paused"
                                                        : "running";
  return event;
}

}  // namespace jobpool::broker
