// The core's picture of the pools: each with its own queue, its own workers, and its own measure of how long its jobs run.
// Broker process, its one thread; owned by JobCore, read by the verbs through `const`.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/pause_log.hpp"
#include "daemon/broker/core/pool.hpp"
#include "daemon/broker/core/ready_queue.hpp"
#include "daemon/broker/core/worker_table.hpp"

namespace jobpool::broker {

// Jobs by state. `settled`: of the done ones, those that may be told.
struct JobCounts {
  std::size_t ready = 0, running = 0, waiting = 0, done = 0;
  std::size_t settled = 0;
  std::size_t ready_durable = 0;  // of the ready ones

  std::size_t& of(JobState state) {
    return state == JobState::ready ? ready : state == JobState::running ? running : state == JobState::waiting ? waiting : done;
  }
  std::size_t all() const { return ready + running + waiting + done; }
  std::size_t open() const { return all() - settled; }
};

struct CorePool {
  PoolRecord record;
  JobCounts jobs;
  WorkerTable workers;
  PauseLog pauses;

  // schedule.cpp
  std::deque<JobId> staged;        // the next of the ready ones, their attempts recorded ahead; entries whose job moved on are skipped
  TimePoint staged_moved_at{};     // when the first of them was taken, or they began
  ReadyQueue ready;                // the others; likewise
  std::deque<JobId> set_aside;     // while the store is stuck: durable ones that would be the next, in their order; likewise
  Microseconds usual_run{12'000};  // moving average of run times: how deep to offer. Before the first, not for short ones

  // staffing.cpp
  std::size_t asked = 0;                 // workers that were asked for and have not joined yet
  bool staff_changed = true;             // its size, its state or its workers, since that was last looked at
  TimePoint look_at = TimePoint::max();  // the same: something is due then
  TimePoint start_not_before{};          // after a set-up that failed
  unsigned setup_failures = 0;           // in a row
  std::string setup_error;               // of the last one; empty: none, or one has succeeded since
  bool left_told = true;                 // that all its workers have left, since it was closed or terminated

  bool takes_jobs() const { return record.state == PoolState::running && !record.deleted; }
  bool starts_jobs() const { return !record.paused && record.state != PoolState::terminated; }
  // Nothing of it is to come any more.
  bool is_over() const { return record.state != PoolState::running && jobs.open() == 0; }
  // All its workers have left, for good unless it is resumed; those that were asked for and are still to come as well.
  bool has_left() const { return is_over() && workers.size() == 0 && asked == 0; }
  bool is_unneeded() const { return record.deleted && jobs.all() == 0 && workers.size() == 0 && asked == 0; }
};

class PoolTable {
 public:
  PoolTable();  // with the default pool

  // Null: there is none of that number.
  CorePool* find(PoolNumber number) const { return number.value < pools_.size() ? pools_[number.value].get() : nullptr; }
  // Null: none of that name that was not deleted.
  CorePool* find(std::string_view name) const;
  // Requires: there is one.
  CorePool& at(PoolNumber number) const { return *pools_[number.value]; }

  // Of a record that is not in. The default pool takes over what the record says.
  CorePool& add(PoolRecord record);
  void erase(PoolNumber number);
  // A number that no pool has. Requires: size() < kMaxPools.
  PoolNumber free_number() const;
  std::size_t size() const { return size_; }

  // Which worker, and whose; null: nobody knows it.
  CorePool* pool_of(Incarnation worker) const;

  // Calls `visit` with each pool, by number.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < pools_.size(); ++i)
      if (pools_[i] != nullptr) visit(*pools_[i]);
  }

 private:
  std::vector<std::unique_ptr<CorePool>> pools_;  // by number; pools stay where they are
  std::size_t size_ = 0;
};

}  // namespace jobpool::broker
