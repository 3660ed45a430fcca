// Store, ledger and segments to events.
#include "daemon/broker/recovery.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/core/job_times.hpp"
#include "daemon/broker/stored_jobs.hpp"

namespace jobpool::broker {
namespace {

// What the worker's report and this instance say of an attempt that ended, where the store does not know it yet.
void overlay_end(Job& job, const Job& known) {
  restore_attempt(job, attempt_of(known));
  job.attempt_open = false;
  job.outcome = known.outcome;
}

// Its worker had said so, whatever its slot says by now: a slot is free again only when the ledger has the end.
bool has_started(const Job& known) { return known.attempt_open && known.started_usec != 0; }

// Of an ephemeral one that is in no slot.
std::string why_not_started(const Job& job) {
  const std::uint32_t ended = job.attempt_open ? job.attempt - 1 : job.attempt;  // as far as the ledger knows
  return (ended == 0
              ? std::string{"its broker died before it had started"}
              : "its broker died before attempt " + std::to_string(ended + 1) + ", when attempt " + std::to_string(ended) + " had failed") +
         ", and it was ephemeral";
}

}  // namespace

JobId first_id(const Ledger& ledger, JobId first_unreserved) {
  const JobId known = ledger.next_id();
  return JobId{std::max<std::uint64_t>(known.value > 0 ? known.value : first_unreserved.value, 1)};
}

Recovery::Recovery(Engine& engine, std::vector<StoredJob> stored, std::vector<PoolRecord> pools)
    : engine_(engine), stored_(std::move(stored)) {
  for (PoolRecord& pool : pools) engine_.tell(InheritedPool{std::move(pool)});
  for (auto& found : engine_.ledger().recover()) {
    const JobId id = found.job.id;
    found_.emplace(id, std::move(found));
  }
  engine_.tell(RecoveryBegun{});
}

Result<void> Recovery::take_over(WorkerSeed seed) {
  const Incarnation worker = seed.incarnation;
  const WorkerNumber number = seed.number;
  if (auto added = engine_.add_worker(std::move(seed)); !added) {
    unread_slots_ = true;
    return added;
  }
  engine_.dispatcher().close_strays(worker);
  for (const auto& slot : engine_.dispatcher().in_flight(worker)) take_over_slot(worker, number, slot);
  // Outcomes that were recorded but not acknowledged come again; the core does not know those jobs, and their slots are freed.
  engine_.dispatcher().drain(worker);
  for (const auto& slot : engine_.dispatcher().in_flight(worker)) {
    if (is_setup(slot.job)) continue;  // it goes on, and is told when it ends
    const Job* job = engine_.core().find(slot.job);
    if (job == nullptr || job->worker != worker || job->attempt != slot.attempt)
      engine_.dispatcher().forget_slot(worker, slot.sequence);  // recorded and acknowledged: only the slot was not freed yet
    else if (slot.state == shm::SlotState::claimed || job->started_usec != 0)
      engine_.tell(Started{slot.job, 0, 0});  // a START that the predecessor had read is not told again
  }
  return {};
}

StoredJob* Recovery::stored(JobId id) {
  const auto found = std::ranges::lower_bound(stored_, id, {}, [](const StoredJob& one) { return one.job.id; });
  return found != stored_.end() && found->job.id == id ? &*found : nullptr;
}

void Recovery::take_over_slot(Incarnation worker, WorkerNumber number, const shm::InFlight& slot) {
  const auto found = found_.find(slot.job);
  if (found == found_.end() || found->second.ended || !found->second.job.attempt_open) return;
  if (found->second.job.attempt != slot.attempt) return;  // of an attempt that ended with its worker: another has begun since
  found->second.job.payload = slot.payload;
  // It may have been offered to another worker since, whose turn to be handed over is still to come: finish() knows.
  if (slot.state == shm::SlotState::revoked) return engine_.dispatcher().forget_slot(worker, slot.sequence);
  Job job = std::move(found->second.job);
  JobNotes notes;
  if (StoredJob* record = stored(slot.job)) {
    notes = record->job.notes;
    Job durable = restored_job(*record);  // a copy: its place in the order must stay
    restore_attempt(durable, attempt_of(job));
    durable.payload = std::move(job.payload);
    durable.stop = job.stop;
    if (job.stop != StopRequest::none) durable.grace = job.grace;  // which the stop may have shortened
    job = std::move(durable);
    restore_ready_times(job, released_at(record->job.after), engine_.now().wall_usec);
  }
  found_.erase(found);
  job.worker = worker;
  job.worker_number = number;
  inherit(std::move(job), Inherited::Place::in_slot, {}, notes);
}

// Ascending by id, so that a job is told after those that it waits for.
void Recovery::finish() {
  auto found = found_.begin();
  for (StoredJob& one : stored_) {
    const JobId id = one.job.id;
    for (; found != found_.end() && found->first < id; ++found) finish_ephemeral(std::move(found->second));
    const Ledger::Found* same = found != found_.end() && found->first == id ? &(found++)->second : nullptr;
    if (engine_.core().find(id) == nullptr) finish_durable(std::move(one), same);
  }
  for (; found != found_.end(); ++found) finish_ephemeral(std::move(found->second));
  found_.clear();
  stored_ = {};
  engine_.tell(RecoveryDone{});
}

void Recovery::finish_durable(StoredJob stored, const Ledger::Found* found) {
  Dependencies after = stored.job.after;
  const bool recorded_by_another = !stored.attempts.empty() && stored.attempts.back().recorded_by != engine_.instance();
  const bool ended = stored.ended;
  const JobNotes notes = stored.job.notes;
  Job job = restored_job(std::move(stored));
  if (ended) {
    engine_.ledger().erase(job.id);
    return inherit(std::move(job), Inherited::Place::ended, std::move(after), notes);
  }
  if (found != nullptr && found->ended) {
    overlay_end(job, found->job);
    return inherit(std::move(job), Inherited::Place::unsettled, std::move(after), notes);
  }
  if (found != nullptr && found->job.stop != StopRequest::none) {
    job.stop = found->job.stop;
    job.reason = found->job.reason;
  }
  // Offered by this instance and in no slot: it never started, or it ended and only the store does not know. What the ledger says of an
  // earlier attempt says nothing of one that was recorded since.
  const bool was_offered = found != nullptr && found->job.attempt == job.attempt;
  const bool may_have_started =
      job.attempt_open && (was_offered ? !found->job.attempt_open || unread_slots_ || has_started(found->job) : recorded_by_another);
  inherit(std::move(job), may_have_started ? Inherited::Place::lost : Inherited::Place::queued, std::move(after), notes);
}

void Recovery::finish_ephemeral(Ledger::Found found) {
  auto [job, ended] = std::move(found);
  // Removed from the store, and the broker died before it could take it out of the ledger.
  if (job.flags.durable) return engine_.ledger().erase(job.id);
  // Its descriptors died with the predecessor: such a job needs its caller to come back with others.
  const bool whole = !job.payload.empty() && !job.flags.has_descriptors;
  if (ended && engine_.ledger().has_lost_result(job.id)) note_lost_result(job);  // since it was read
  if (!ended && whole && !has_started(job)) return inherit(std::move(job), Inherited::Place::queued);
  // Entered, but in no slot: it never started. Its caller, if it waits, comes back with the whole submission; else nobody has it any
  // more. Not so when there are slots that could not be read: then it may run there.
  const bool may_have_started = (unread_slots_ && job.payload.empty()) || has_started(job);
  const bool cancelled = job.stop == StopRequest::cancel;
  const bool never_began = job.attempt_open && job.attempt <= 1;  // else its caller's submission would begin with all retries anew
  if (!ended && job.mode == Mode::apply && never_began && !may_have_started && !cancelled) return engine_.ledger().erase(job.id);
  if (!ended) {
    job.outcome = cancelled ? Outcome::cancelled : Outcome::interrupted;
    job.payload = {};
    if (!cancelled)
      job.reason =
          may_have_started ? "its broker died, and the worker that may have started it was beyond understanding" : why_not_started(job);
    job.ended_usec = engine_.now().wall_usec;
    if (!engine_.ledger().finish(job))
      log::About{.job = job.id.value}.error("job {}: the ledger has no room for its outcome", job.id.value);
  }
  inherit(std::move(job), Inherited::Place::ended);
}

// When the last of them had ended, by what is known of it; 0: there are none.
std::optional<std::int64_t> Recovery::released_at(const Dependencies& after) {
  std::int64_t latest = 0;
  for (const Dependency& dependency : after) {
    const Job* job = engine_.core().find(dependency.job);
    const StoredJob* record = job == nullptr ? stored(dependency.job) : nullptr;
    if (job == nullptr && record == nullptr) return kReadyUnknown;  // removed since
    if (job != nullptr ? job->state != JobState::done : !record->ended) return std::nullopt;
    latest = std::max(latest, job != nullptr ? job->ended_usec : record->end.ended_usec);
  }
  return latest;
}

void Recovery::inherit(Job job, Inherited::Place place, Dependencies after, const JobNotes& notes) {
  if (!job.flags.durable)
    job.ready_usec = kReadyUnknown;  // the ledger has not got what it waited for
  else if (job.ready_usec == 0 && !job.flags.batch)
    restore_ready_times(job, released_at(after), engine_.now().wall_usec);
  drop_middle_attempts(job);
  engine_.tell(Inherited{std::move(job), std::move(after), place, notes});
}

}  // namespace jobpool::broker
