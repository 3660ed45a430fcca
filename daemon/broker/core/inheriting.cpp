// Taking over what earlier brokers left: jobs in slots, in queues, and ended ones.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

void JobCore::on(Inherited& event, const Now& now, Effects& out) {
  const JobId id = event.job.id;
  if (id.value == 0 || jobs_.contains(id)) return;
  // One that was created and not yet stored when its broker died left nobody but ephemeral jobs behind. They go on in the default one.
  if (pools_.find(event.job.pool) == nullptr) event.job.pool = kDefaultPoolNumber;
  if (event.place == Inherited::Place::in_slot) event.job.pool = pools_.pool_of(event.job.worker)->record.number;
  Job& job = jobs_.add(std::move(event.job));
  if (id.value >= next_id_.value) next_id_.value = id.value + 1;
  inherited_below_ = next_id_;
  keys_.add(job);
  if (!event.notes.is_empty()) notes_.emplace(id, event.notes);
  job.state = JobState::ready;
  job.offered = false;
  if (job.mode == Mode::apply_async) job.flags.detach = true;  // earlier versions did not put that down
  if (job.flags.durable) job.mode = Mode::apply_async;         // it needs no caller to come back: whoever asks for it finds it
  if (job.flags.batch) keep_chunks(id, event.after);
  note_named(job, event.after);
  enter(job);
  switch (event.place) {
    case Inherited::Place::in_slot:
      inherit_in_slot(job, now, out);
      break;
    case Inherited::Place::queued:
      inherit_queued(job, std::move(event.after), now, out);
      break;
    case Inherited::Place::lost:
      change_state(job, JobState::running, out);
      inherit_lost(job, now, out);
      break;
    case Inherited::Place::unsettled:
    case Inherited::Place::ended:
      inherit_ended(job, event.place == Inherited::Place::ended, now, out);
      break;
  }
  // Without a key nobody can come back for it.
  if (job.mode != Mode::apply) return;
  const TimePoint by = now.steady + (job.key.empty() ? std::chrono::seconds{0} : limits_.claim_time);
  claim_by_.emplace(id, by);
  claims_due_ = std::min(claims_due_, by);
}

// It is in its slot already: the books only.
void JobCore::inherit_in_slot(Job& job, const Now& now, Effects& out) {
  const std::size_t before = out.size();
  job.attempt_open = true;
  offer(job, *worker_of(job), now, out);
  out.resize(before);
  if (job.stop == StopRequest::cancel) out.push_back(RevokeJob{job.id, job.worker});
}

void JobCore::inherit_lost(Job& job, const Now& now, Effects& out) {
  if (job.stop == StopRequest::cancel) return end_attempt(job, Outcome::cancelled, now, out);
  job.reason = "the daemon or its host died after this attempt was recorded; whether it ran is not known";
  end_attempt(job, Outcome::interrupted, now, out);
}

void JobCore::inherit_queued(Job& job, Dependencies after, const Now& now, Effects& out) {
  if (job.stop == StopRequest::cancel) return finish(job, Outcome::cancelled, now, out);
  if (!job.earlier.empty() && !job.attempt_open) return wait_for_retry(job, now, out);
  if (job.attempt_open) after.clear();  // what it waited for had come about, and may be forgotten by now
  queue(job, after, now, out);
}

// Since when it has been kept is told by the wall's clock, by which it ended under another broker: see retention.cpp.
void JobCore::inherit_ended(Job& job, bool settled, const Now& now, Effects& out) {
  change_state(job, JobState::done, out);
  out.pop_back();  // it had changed long ago
  job.payload = {};
  job.settled = settled;
  if (settled) count_settled(job, +1);
  if (settled && job.flags.batch) batch_has_settled(job.id);
  if (!settled)
    out.push_back(Ended{job.id});
  else if (job.mode == Mode::apply_async)
    done_async_.push_back(job.id,
                          now.steady - std::clamp(Microseconds{now.wall_usec} - Microseconds{std::max<std::int64_t>(job.ended_usec, 0)},
                                                  Microseconds{0}, std::chrono::duration_cast<Microseconds>(limits_.kept_for)));
}

// They came in the order of their ids, and are to be forgotten in that of their ends. (By how long each has been kept they cannot be put in
// order: of ends that a clock, which was set since, shows in the future all that is known is their order.)
void JobCore::order_inherited_ends() {
  done_async_.sort_by([this](JobId id) {
    const Job* job = find(id);
    return job != nullptr ? job->ended_usec : 0;  // removed meanwhile: it counts for nothing
  });
}

}  // namespace jobpool::broker
