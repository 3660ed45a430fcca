// Who waits for which job's end, and until when. Broker process, its one thread.
#pragma once

#include <cstdint>
#include <forward_list>
#include <functional>
#include <map>
#include <optional>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/job_id_map.hpp"

namespace jobpool::broker {

using WaiterId = Id<struct WaiterTag>;

class Waiters {
 public:
  // Null: it is forgotten and never ended, since the store had no room for it.
  using OnEnded = std::function<void(const Job*)>;

  WaiterId add(JobId job, OnEnded on_ended);
  // How many wait for that job still. Removing one that is gone already is harmless.
  std::size_t remove(JobId job, WaiterId waiter);
  std::size_t count(JobId job) const;
  // Calls everybody who waits for it, once; they are gone before the first is called. How many there were.
  std::size_t ended(const Job& job) { return by_job_.empty() ? 0 : call(job.id, &job); }
  std::size_t forgotten(JobId job) { return by_job_.empty() ? 0 : call(job, nullptr); }

 private:
  struct Waiter {
    WaiterId id;
    OnEnded on_ended;
  };
  std::size_t call(JobId id, const Job* job);
  void foresee(JobId id) const;

  using Waiting = std::forward_list<Waiter>;  // the last that came first

  JobIdMap<Waiting> by_job_;  // none of them empty
  std::uint64_t last_ = 0;
};

// Things to do when a time has come. One timer of the loop serves them all.
class Deadlines {
 public:
  using Key = std::pair<TimePoint, std::uint64_t>;

  Key add(TimePoint at, std::function<void()> due);
  void remove(const Key& key) { due_.erase(key); }
  std::optional<TimePoint> next() const;
  void run_due(TimePoint now);

 private:
  std::map<Key, std::function<void()>> due_;
  std::uint64_t last_ = 0;
};

}  // namespace jobpool::broker
