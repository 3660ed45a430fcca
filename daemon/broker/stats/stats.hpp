// What this broker has done, counted for each pool: jobs by what became of them, rates, and how long they were ready and ran.
// Pure; constant time for each job, no allocation but at a pool's first. Broker process, its one thread; owned by the engine.
// It begins anew with each broker: a count that its predecessor's death tears a hole into would be neither.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/pool.hpp"
#include "daemon/broker/stats/histogram.hpp"
#include "daemon/broker/stats/recent.hpp"

namespace jobpool::broker {

struct PoolCounts {
  std::uint64_t accepted = 0;
  std::uint64_t started = 0;                         // attempts
  std::uint64_t retried = 0;                         // attempts that ended with another to follow
  std::uint64_t revoked = 0;                         // offers that were taken back before they started
  std::array<std::uint64_t, kOutcomeCount> ended{};  // by outcome
  Histogram queueing, running;                       // of attempts whose times are known
  Histogram end_to_end;                              // of jobs, from their acceptance to their end
  Recent recent_accepted, recent_started, recent_ended;
  // Of jobs that have ended and of which all is known: how long they were in each state, added up.
  struct {
    std::uint64_t jobs = 0;
    std::int64_t ready_usec = 0, running_usec = 0, waiting_usec = 0;
  } lives;

  void add(const PoolCounts& other);
};

class Stats {
 public:
  // `second`: of the steady clock.
  void accepted(const Job& job, std::int64_t second);
  void started(const Job& job, std::int64_t second);
  // An attempt ended, and another follows.
  void retried(const Job& job, const Attempt& attempt);
  void ended(const Job& job, std::int64_t second);
  void revoked(const Job& job) { ++of(job.pool).revoked; }
  void refused() { ++refused_; }
  // Its number is to be another pool's; its counts stay in the total.
  void forget(PoolNumber pool);

  std::uint64_t refusals() const { return refused_; }
  // Null: nothing has happened there.
  const PoolCounts* find(PoolNumber pool) const { return pools_.at(pool.value).get(); }
  // Of all pools, those that are gone included. The rates are those of the pools that are there.
  struct Rates {
    std::uint64_t accepted = 0, started = 0, ended = 0;
  };
  PoolCounts total() const;
  Rates rates(std::int64_t second) const;

 private:
  PoolCounts& of(PoolNumber pool);
  static void add_life(PoolCounts& counts, const Job& job);
  static void add_times(PoolCounts& counts, std::int64_t ready, std::int64_t started, std::int64_t ended);

  std::array<std::unique_ptr<PoolCounts>, kMaxPools> pools_;
  PoolCounts gone_;
  std::uint64_t refused_ = 0;
};

}  // namespace jobpool::broker
