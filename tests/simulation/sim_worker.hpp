// A worker of the simulation: the worker's real end of the queue in the world's hands, a job at a time for each of its threads, as the real
// loop does it.
// What it does the oracle hears at once: it is the witness of what really ran.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "common/shm/claim_side.hpp"
#include "daemon/broker/pool/dispatcher.hpp"
#include "tests/simulation/choices.hpp"
#include "tests/simulation/memory.hpp"
#include "tests/simulation/oracle.hpp"

namespace jobpool::simulation {

class SimWorker {
 public:
  SimWorker(Incarnation incarnation, WorkerNumber number, PoolNumber pool, SegmentMemory& segment);

  void expect_orders() { segment_->may_have_orders = true; }
  broker::WorkerSeed seed(shm::OfferSide::Origin origin) const;  // of the one mapping that all brokers look through
  Incarnation incarnation() const { return incarnation_; }
  WorkerNumber number() const { return number_; }
  PoolNumber pool() const { return pool_; }
  SegmentMemory& segment() const { return *segment_; }
  bool is_alive() const { return alive_; }
  bool has_left() const { return left_; }  // dead, of its own will
  bool is_busy() const { return !busy_.empty(); }
  bool has_begun() const { return !begun_jobs().empty(); }
  std::vector<JobId> begun_jobs() const;  // their START is written: time-outs count from there

  // The next step of one of its threads: claims, begins, or ends its job, as drawn. False: it has nothing to do.
  bool act(Choices& choices, Oracle& oracle, std::int64_t wall_usec);
  // For good. What was published stays.
  void die(Oracle& oracle);

  // For the mutant: looks at an offer now, and runs it later, whatever has become of it.
  void look_at_offer();
  void run_what_was_seen(Oracle& oracle);

  void forget_offers() { segment_->forget_offers(); }

  bool is_reported = false;   // dead, and the supervisor's word of it is on its way or was heard
  bool is_doomed = false;     // the broker asked for its death
  bool is_dismissed = false;  // it leaves as soon as it has nothing to do
  bool hangs = false;         // it does nothing more until it is killed

 private:
  // A thread with a job.
  struct Busy {
    std::uint32_t thread;
    shm::Claim claim;
    bool begun = false, told_to_stop = false;
  };

  std::uint32_t free_thread() const;
  bool claim_next(Oracle& oracle);
  void go_on(Busy& busy, Choices& choices, Oracle& oracle, std::int64_t wall_usec);
  void finish_setup(Choices& choices, Oracle& oracle, std::int64_t wall_usec);
  void leave(Oracle& oracle);
  void finish(Busy& busy, Choices& choices, Oracle& oracle, std::int64_t wall_usec);
  void hear_orders();

  Incarnation incarnation_;
  WorkerNumber number_;
  PoolNumber pool_;
  SegmentMemory* segment_;
  std::optional<shm::ClaimSide> side_;
  std::vector<Busy> busy_;
  std::optional<shm::Claim> setup_;
  std::optional<std::pair<std::uint64_t, shm::Descriptor>> seen_;
  bool alive_ = true, left_ = false;
};

}  // namespace jobpool::simulation
