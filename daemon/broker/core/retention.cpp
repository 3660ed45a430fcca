// What is kept of ended jobs, and for how long.
#include <algorithm>
#include <utility>

#include "common/call_key.hpp"
#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

// The age of an ended job is told by the steady clock, as long as one broker lives: a wall clock that is set forward, as by the first
// answer of a time server, would else make all of them old at once, and their keys forgotten would run jobs again. Of jobs from before this
// broker nothing is known but the wall's time, which is believed once, when it begins. (The steady clock stands still while the host is
// suspended: such a host keeps jobs for longer, which is the safe side; their number is bounded all the same.)

bool JobCore::is_kept_long(const Job& job) {
  return job.mode == Mode::apply_async || job.flags.detach || job.flags.durable || (!job.key.empty() && !is_call_key(job.key));
}

void JobCore::on(Settled& event, const Now& now, Effects&) {
  Job* job = known(event.job);
  if (job == nullptr || job->state != JobState::done || std::exchange(job->settled, true)) return;
  count_settled(*job, +1);
  if (job->flags.batch) batch_has_settled(job->id);
  // An apply is kept until its caller has the answer: a key that was forgotten too early would run the job again.
  if (may_give_way(*job)) kept_with(*job).push_back(job->id, now.steady);
}

void JobCore::on(Delivered& event, const Now& now, Effects&) {
  Job* job = known(event.job);
  if (job == nullptr || job->state != JobState::done || job->mode != Mode::apply || claim_by_.contains(job->id)) return;
  if (std::exchange(job->delivered, true)) return;
  if (job->settled) kept_with(*job).push_back(job->id, now.steady);
}

void JobCore::on(Remove& event, const Now& now, Effects& out) {
  const Job* job = known(event.job);
  if (job == nullptr || !may_give_way(*job)) return;
  if (const std::vector<JobId>* chunks = this->chunks(event.job))
    for (const JobId id : std::vector<JobId>{*chunks}) {
      Remove chunk{id};
      on(chunk, now, out);
    }
  EndedQueue& queue = kept_with(*job);
  const bool is_queued = !is_kept_for_batch(job->id);
  forget_settled(*job, out);
  if (is_queued) queue.removed_one([this](JobId id) { return jobs_.contains(id); });
}

void JobCore::on(ResultLetGo& event, const Now&, Effects&) {
  if (Job* job = known(event.job); job != nullptr && job->settled) note_lost_result(*job);
}

void JobCore::forget_surplus(const Now& now, Effects& out) {
  // As nearly always: none is too many, and the first is not too old. (Not known: when that will be.)
  const bool are_few = done_async_.size() + kept_for_batches_ <= limits_.kept_async && done_apply_.size() <= limits_.kept_apply;
  const bool is_due_known = forget_at_ != TimePoint::max() || (done_async_.size() == 0 && done_apply_.size() == 0);
  if (are_few && is_due_known && now.steady < forget_at_) return;
  const auto is_known = [this](JobId id) { return jobs_.contains(id); };
  // `beside`: how many more there are that count.
  const auto shrink = [&](EndedQueue& done, std::size_t kept, const std::size_t& beside) {
    while (const auto id = done.front(is_known)) {
      const TimePoint due = done.front_since() + limits_.kept_for + Microseconds{1};
      // The last that ended may be a batch with more chunks than that.
      const bool has_room = done.size() + beside <= kept || (done.size() == 1 && kept > 0);
      if (has_room && now.steady < due) {
        forget_at_ = std::min(forget_at_, due);
        return;
      }
      jobs_.foresee(*id);
      done.pop_front();
      if (!keep_for_batch(*id)) forget_with_chunks(*id, out);
    }
  };
  forget_at_ = TimePoint::max();
  shrink(done_async_, limits_.kept_async, kept_for_batches_);
  shrink(done_apply_, limits_.kept_apply, 0);
}

// Those chunks of a batch that stayed for it only; the others have their turn.
void JobCore::forget_with_chunks(JobId id, Effects& out) {
  const auto batch = batches_.find(id);
  const std::set<JobId> kept = batch == batches_.end() ? std::set<JobId>{} : batch->second.kept;
  forget_settled(jobs_.at(id), out);
  for (const JobId chunk : kept)
    if (const Job* job = find(chunk)) forget_settled(*job, out);
}

void JobCore::forget_settled(const Job& job, Effects& out) {
  count(job, JobState::done, -1);
  count_settled(job, -1);
  forget(job.id, out);
}

// Requires: it is counted in no state any more.
void JobCore::forget(JobId id, Effects& out) {
  Job& job = jobs_.at(id);
  keys_.erase(job);
  CorePool& pool = pool_of(job);
  out.push_back(Forgotten{id, job.attempt, job.kind, job.flags.durable, job.named_by_durable});
  leave_batch(id);
  if (job.flags.batch) drop_batch(id);
  notes_.erase(id);
  jobs_.erase(id);
  drop_unneeded(pool, out);
}

}  // namespace jobpool::broker
