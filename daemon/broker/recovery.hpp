// What a new broker makes of its predecessor's work: the ledger and the live workers' segments, put together into events for the core.
// Used once, between the supervisor's welcome and the end of its handover. Broker process, its one thread.
#pragma once

#include <unordered_map>

#include "daemon/broker/engine.hpp"

namespace jobpool::broker {

class Recovery {
 public:
  // Reads the ledger. `engine` must outlive this.
  explicit Recovery(Engine& engine);

  // Takes over a worker that an earlier broker used, and what is in its slots. Errors: it must be killed.
  Result<void> take_over(WorkerSeed seed);

  // All workers were handed over: what is in no slot has ended, or never started.
  void finish();

 private:
  void take_over_slot(Incarnation worker, WorkerNumber number, const shm::InFlight& slot);

  Engine& engine_;
  std::unordered_map<JobId, Ledger::Found> found_;  // not yet placed
};

}  // namespace jobpool::broker
