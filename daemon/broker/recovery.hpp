// What a new broker makes of its predecessors' work: the store, the ledger and the live workers' segments, put together into events for
// the core. Used once, between the supervisor's welcome and the end of its handover. Broker process, its one thread.
//
//   segments  the jobs in a live worker's slots: the record of what is in flight
//   ledger    what this instance has offered, and what came of it; gone with the supervisor
//   store     durable jobs: accepted, attempts recorded, ended; survives everything
#pragma once

#include <map>
#include <vector>

#include "daemon/broker/engine.hpp"

namespace jobpool::broker {

// The first id a new broker gives out: after its predecessor's, as the ledger knows it; after the last reservation when the ledger knows
// none, however many brokers died before they could write it.
JobId first_id(const Ledger& ledger, JobId first_unreserved);

class Recovery {
 public:
  // Reads the ledger. `engine` must outlive this. `stored`: what the store holds, ascending by id.
  Recovery(Engine& engine, std::vector<StoredJob> stored, std::vector<PoolRecord> pools = {});

  // Takes over a worker that an earlier broker used, and what is in its slots. Requires: seed.side is
  // inherited. Errors: those of seed.side; it must be killed.
  Result<void> take_over(WorkerSeed seed);

  // All workers were handed over: what is in no slot has ended, or never started.
  void finish();

 private:
  void take_over_slot(Incarnation worker, WorkerNumber number, const shm::InFlight& slot);
  StoredJob* stored(JobId id);
  void finish_durable(StoredJob stored, const Ledger::Found* found);
  void finish_ephemeral(Ledger::Found found);
  std::optional<std::int64_t> released_at(const Dependencies& after);
  void inherit(Job job, Inherited::Place place, Dependencies after = {}, const JobNotes& notes = {});

  Engine& engine_;
  std::vector<StoredJob> stored_;         // in their order; those that the core knows already are placed
  std::map<JobId, Ledger::Found> found_;  // not yet placed; one with a payload was found in a revoked slot
  bool unread_slots_ = false;             // of a worker whose segment could not be used: what it runs is not known
};

}  // namespace jobpool::broker
