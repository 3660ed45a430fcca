// The order in which ready jobs are offered: higher priority first; among equals the submitters take turns; of one submitter in order.
// Every operation is O(log (priorities + submitters)). Broker process, its one thread; owned by JobCore.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "common/ids.hpp"

namespace jobpool::broker {

class ReadyQueue {
 public:
  void push_back(JobId job, std::int16_t priority, uid_t submitter);
  // For a job that had its turn and was taken back: it is its submitter's first again, and its submitter is the next.
  void push_front(JobId job, std::int16_t priority, uid_t submitter);

  // Whose turn it is; nullopt: nobody's.
  std::optional<JobId> front() const;
  // Requires: not empty. `turn` taken: the next submitter is up; kept: the job was no longer to be offered, its submitter is still up.
  enum class Turn { taken, kept };
  void pop_front(Turn turn);

  // Entries, those of jobs that moved on meanwhile included.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Drops the entries that are no longer wanted.
  void sweep(const std::function<bool(JobId)>& is_wanted);

 private:
  struct Level {
    std::map<uid_t, std::deque<JobId>> submitters;  // none of them empty
    uid_t turn = 0;                                 // of the first submitter with at least this uid, else of the first of all
  };
  using Submitters = std::map<uid_t, std::deque<JobId>>;
  using Levels = std::map<std::int16_t, Level, std::greater<>>;  // none of them empty

  std::deque<JobId>& jobs_of(Level& level, uid_t submitter);
  Level& level_of(std::int16_t priority);
  static Submitters::iterator up(Level& level);

  Levels levels_;
  // The last that became empty, for the next: of a queue that has a job now and then all the memory.
  Submitters::node_type spare_submitter_;
  Levels::node_type spare_level_;
  std::size_t size_ = 0;
};

}  // namespace jobpool::broker
