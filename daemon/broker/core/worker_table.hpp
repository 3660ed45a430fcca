// The core's picture of one pool's workers: who has which jobs in flight, who is idle, who should get the next.
// All workers of a pool have as many threads; with one, whoever has a job has no thread left for another.
// Broker process, its one thread; owned by JobCore.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "common/clock.hpp"
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
  bool starting = false;         // being set up: nothing yet
  bool reserved = false;         // what it has is to run by itself: nothing beside it
  bool leaving = false;          // it was told to leave, or leaves by itself
  bool replaced = false;         // likewise, and its place may be taken before it has gone: it has nothing to do
  std::uint64_t tasks = 0;       // jobs that it has ended
  std::uint64_t max_tasks = 0;   // it is to leave after so many; 0: never
  TimePoint idle_since = TimePoint::max();  // first seen to be; max: it was not
  TimePoint leave_by = TimePoint::max();    // told to leave and without a job: then it is killed
};

class WorkerTable {
 public:
  explicit WorkerTable(std::size_t threads = 1) : threads_(threads) {}
  WorkerTable(WorkerTable&&) = default;
  WorkerTable& operator=(WorkerTable&&) = default;

  enum class Condition { ready, starting };
  // Requires: it is not there.
  CoreWorker& add(Incarnation incarnation, WorkerNumber number, Condition condition = Condition::ready);
  void remove(Incarnation incarnation);
  void condemn(Incarnation incarnation);
  void has_been_set_up(CoreWorker& worker);
  CoreWorker* find(Incarnation incarnation);

  // One of its jobs is to end before its time; until that left its slot, the worker gets nothing new. False: it was marked already.
  static bool mark_ending(CoreWorker& worker, JobId job);

  enum class Company { any, none };
  void put(CoreWorker& worker, JobId job, Company company = Company::any);  // the job is in one of its slots
  void take(CoreWorker& worker, JobId job);                                 // it left the slot

  // The worker that has been idle, without any job, for the shortest time (its caches are warm); null: none is idle.
  CoreWorker* idle();
  // One that would start a job at once: an idle one, else that with the fewest jobs, so that a death costs few; null: none.
  CoreWorker* with_free_thread() { return idle_.empty() && threads_ > 1 ? least_loaded(threads_) : idle(); }
  // How many jobs would start at once.
  std::size_t free_threads() const;
  // Of the idle ones, that which has been so for the longest time first.
  const std::vector<Incarnation>& all_idle() const { return idle_; }
  // The worker with the fewest jobs in flight, fewer than `depth`, that may get something new; null: none.
  CoreWorker* least_loaded(std::size_t depth);

  std::size_t size() const { return workers_.size(); }
  std::size_t threads() const { return threads_; }  // of each
  std::size_t all_threads() const { return workers_.size() * threads_; }
  std::size_t idle_count() const { return idle_.size(); }
  std::size_t in_flight() const { return in_flight_; }
  // Of these: behind those that the threads of their worker have, or are about to have.
  std::size_t standing_behind() const { return standing_behind_; }

  auto begin() { return workers_.begin(); }
  auto end() { return workers_.end(); }
  auto begin() const { return workers_.begin(); }
  auto end() const { return workers_.end(); }

 private:
  struct Load {
    std::size_t jobs;
    Incarnation incarnation;
    CoreWorker* worker;
    bool operator<(const Load& other) const { return std::pair(jobs, incarnation) < std::pair(other.jobs, other.incarnation); }
  };

  static bool has_room(const CoreWorker& worker);
  std::vector<Load>::iterator place_of(const Load& load) { return std::lower_bound(by_load_.begin(), by_load_.end(), load); }
  void load_changed(CoreWorker& worker, std::size_t before);
  std::size_t standing_behind(const CoreWorker& worker) const {
    return worker.in_flight.size() - std::min(worker.in_flight.size(), threads_);
  }

  std::size_t threads_;
  std::map<Incarnation, CoreWorker> workers_;  // ordered, so that every run of the core chooses the same
  std::vector<Incarnation> idle_;              // last in, first out
  // All of them by how many jobs they have: who has the fewest is found without looking at each. A sorted array: one job more or less moves
  // a worker past those that have as many, and 256 of them are 6 KiB.
  std::vector<Load> by_load_;
  std::size_t in_flight_ = 0, standing_behind_ = 0;
};

}  // namespace jobpool::broker
