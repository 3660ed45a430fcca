// A broker for kill tests: accepts jobs, keeps its worker busy, records endings in the ledger, and takes over from a dead one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <unordered_map>
#include <vector>

#include "common/shm/offer_side.hpp"
#include "tests/fault/ledger.hpp"

namespace jobpool::fault {

class BrokerLife {
 public:
  BrokerLife(const Ledger& ledger, std::uint32_t seed) : ledger_(ledger), random_(seed) {}

  // Before the first turn with each incarnation. `doorbell` is the segment's eventfd.
  void take(shm::OfferSide side, int doorbell);
  // Of a segment whose worker lives on: what its dead broker left in flight is settled or goes on; the backlog is rebuilt.
  void take_over(shm::OfferSide side, int doorbell);

  // One turn: drain, record, acknowledge, release, revoke now and then, accept and offer, ring.
  void turn();
  // Sleeps until the worker rings or the time is up; returns at once when there is something to do.
  void sleep(std::chrono::microseconds limit);
  // The worker is dead: everything in flight ends or goes back to the front of the queue.
  void bury();
  // Accepted jobs all have their ending.
  bool is_settled() const { return backlog_.empty() && side_->in_flight_count() == 0; }

  struct Figures {
    std::uint64_t reported = 0, interrupted = 0, cancelled = 0, revoked = 0, requeued_by_death = 0;
  };
  const Figures& figures() const { return figures_; }

 private:
  void drain_and_record();
  void record(std::uint64_t job, Ending ending);
  void revoke_some();
  void offer_some();
  void rebuild_backlog();

  const Ledger& ledger_;
  std::mt19937 random_;
  std::optional<shm::OfferSide> side_;
  int doorbell_ = -1;
  std::deque<std::uint64_t> backlog_;
  std::unordered_map<std::uint64_t, std::size_t> streamed_;
  std::uint64_t turns_ = 0;
  bool inherited_ = false;  // results may have been streamed in part to a dead broker
  Figures figures_;
};

}  // namespace jobpool::fault
