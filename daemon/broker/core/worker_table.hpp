// The core's picture of the workers: who has which jobs in flight, who is idle, who should get the next.
// Broker process, its one thread; owned by JobCore.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "common/ids.hpp"
#include "common/shm/layout.hpp"

namespace jobpool::broker {

struct CoreWorker {
  Incarnation incarnation;
  WorkerNumber number;
  std::vector<JobId> in_flight;  // in the order of their offers; kSlots at most
  std::vector<JobId> ending;     // of these: to end before their time, with the worker if need be. Nothing new while there is one
  bool condemned = false;        // about to be killed, or told to leave: nothing more, ever
  bool kill_asked = false;       // for a job of its that would not end: its death is on the way
  bool blocked = false;          // its payload area is full: nothing more until a slot is freed
};

class WorkerTable {
 public:
  void add(Incarnation incarnation, WorkerNumber number);
  void remove(Incarnation incarnation);
  void condemn(Incarnation incarnation);
  CoreWorker* find(Incarnation incarnation);

  // One of its jobs is to end before its time; until that left its slot, the worker gets nothing new. False: it was marked already.
  static bool mark_ending(CoreWorker& worker, JobId job);

  void put(CoreWorker& worker, JobId job);   // the job is in one of its slots
  void take(CoreWorker& worker, JobId job);  // it left the slot

  // The worker that has been idle for the shortest time (its caches are warm); null: none is idle.
  CoreWorker* idle();
  // The worker with the fewest jobs in flight, fewer than `depth`, that may get something new; null: none.
  CoreWorker* least_loaded(std::size_t depth);

  std::size_t size() const { return workers_.size(); }
  std::size_t idle_count() const { return idle_.size(); }
  std::size_t in_flight() const { return in_flight_; }

  auto begin() { return workers_.begin(); }
  auto end() { return workers_.end(); }

 private:
  std::map<Incarnation, CoreWorker> workers_;  // ordered, so that every run of the core chooses the same
  std::vector<Incarnation> idle_;              // last in, first out
  std::size_t in_flight_ = 0;
};

}  // namespace jobpool::broker
