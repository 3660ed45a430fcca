// Ledger and segments to events.
#include "daemon/broker/recovery.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace jobpool::broker {

JobId first_id(const Ledger& ledger, JobId first_unreserved) {
  const JobId known = ledger.next_id();
  return JobId{std::max<std::uint64_t>(known.value > 0 ? known.value : first_unreserved.value, 1)};
}

Recovery::Recovery(Engine& engine) : engine_(engine) {
  for (auto& found : engine_.ledger().recover()) {
    const JobId id = found.job.id;
    found_.emplace(id, std::move(found));
  }
  engine_.tell(RecoveryBegun{});
}

Result<void> Recovery::take_over(WorkerSeed seed) {
  const Incarnation worker = seed.incarnation;
  const WorkerNumber number = seed.number;
  if (auto added = engine_.add_worker(std::move(seed), shm::OfferSide::Origin::inherited); !added) {
    unread_slots_ = true;
    return added;
  }
  for (const auto& slot : engine_.dispatcher().in_flight(worker)) take_over_slot(worker, number, slot);
  // Outcomes that were recorded but not acknowledged come again; the core does not know those jobs, and their slots are freed.
  engine_.dispatcher().drain(worker);
  for (const auto& slot : engine_.dispatcher().in_flight(worker)) {
    if (engine_.core().find(slot.job) == nullptr)
      engine_.dispatcher().forget_slot(worker, slot.sequence);  // recorded and acknowledged: only the slot was not freed yet
    else if (slot.state == shm::SlotState::claimed)
      engine_.tell(Started{slot.job, 0, 0});  // a START that the predecessor had read is not told again
  }
  return {};
}

void Recovery::take_over_slot(Incarnation worker, WorkerNumber number, const shm::InFlight& slot) {
  const auto found = found_.find(slot.job);
  if (found == found_.end() || found->second.ended) return;
  found->second.job.payload = slot.payload;
  found->second.job.attempt = slot.attempt;
  // It may have been offered to another worker since, whose turn to be handed over is still to come: finish() knows.
  if (slot.state == shm::SlotState::revoked) return engine_.dispatcher().forget_slot(worker, slot.sequence);
  Job job = std::move(found->second.job);
  found_.erase(found);
  job.worker = worker;
  job.worker_number = number;
  engine_.tell(Inherited{std::move(job), Inherited::Place::in_slot});
}

void Recovery::finish() {
  std::vector<JobId> ids;
  for (const auto& [id, found] : found_) ids.push_back(id);
  std::ranges::sort(ids);
  for (const JobId id : ids) {
    auto& [job, ended] = found_.at(id);
    // Its descriptors died with the predecessor: such a job needs its caller to come back with others.
    const bool whole = !job.payload.empty() && !job.flags.has_descriptors;
    if (!ended && whole) {
      engine_.tell(Inherited{std::move(job), Inherited::Place::revoked});
      continue;
    }
    // Entered, but in no slot: it never started. Its caller, if it waits, comes back with the whole submission; else nobody has it any
    // more. Not so when there are slots that could not be read: then it may run there.
    const bool may_have_started = unread_slots_ && job.payload.empty();
    const bool cancelled = job.stop == StopRequest::cancel;
    if (!ended && job.mode == Mode::apply && !may_have_started && !cancelled) {
      engine_.ledger().erase(id);
      continue;
    }
    if (!ended) {
      job.outcome = cancelled ? Outcome::cancelled : Outcome::interrupted;
      job.payload = {};
      if (!cancelled)
        job.reason = may_have_started ? "its broker died, and the worker that may have started it was beyond understanding"
                                      : "its broker died before it had started, and it was ephemeral";
      job.ended_usec = wall_usec();
      if (!engine_.ledger().finish(job)) spdlog::error("job {}: the ledger has no room for its outcome", id.value);
    }
    engine_.tell(Inherited{std::move(job), Inherited::Place::ended});
  }
  found_.clear();
  engine_.tell(RecoveryDone{});
}

}  // namespace jobpool::broker
