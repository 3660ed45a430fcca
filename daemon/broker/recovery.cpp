// Ledger and segments to events.
#include "daemon/broker/recovery.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace jobpool::broker {

Recovery::Recovery(Engine& engine) : engine_(engine) {
  for (auto& found : engine_.ledger().recover()) {
    const JobId id = found.job.id;
    found_.emplace(id, std::move(found));
  }
}

Result<void> Recovery::take_over(WorkerSeed seed) {
  const Incarnation worker = seed.incarnation;
  const WorkerNumber number = seed.number;
  if (auto added = engine_.add_worker(std::move(seed), shm::OfferSide::Origin::inherited); !added) return added;
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
  Job job = std::move(found->second.job);
  found_.erase(found);
  job.payload = slot.payload;
  job.attempt = slot.attempt;
  job.worker = worker;
  job.worker_number = number;
  const bool revoked = slot.state == shm::SlotState::revoked;
  if (revoked) engine_.dispatcher().forget_slot(worker, slot.sequence);
  engine_.tell(Inherited{std::move(job), revoked ? Inherited::Place::revoked : Inherited::Place::in_slot});
}

void Recovery::finish() {
  std::vector<JobId> ids;
  for (const auto& [id, found] : found_) ids.push_back(id);
  std::ranges::sort(ids);
  for (const JobId id : ids) {
    auto& [job, ended] = found_.at(id);
    // Entered, but in no slot: it never started. Its caller, if it waits, comes back with the whole submission; else nobody has it any
    // more.
    if (!ended && job.mode == Mode::apply) {
      engine_.ledger().erase(id);
      continue;
    }
    if (!ended) {
      job.outcome = Outcome::interrupted;
      job.reason = "its broker died before it had started, and it was ephemeral";
      job.ended_usec = wall_usec();
      if (!engine_.ledger().finish(job, {})) spdlog::error("job {}: the ledger has no room for its outcome", id.value);
    }
    engine_.tell(Inherited{std::move(job), Inherited::Place::ended});
  }
  found_.clear();
}

}  // namespace jobpool::broker
