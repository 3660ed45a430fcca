// Memory that outlives brokers: the ledger's and workers' segments. Made once per process and wiped between schedules, since
// making them costs more than a schedule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/shm/mapping.hpp"
#include "common/shm/segment.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/pool/ledger.hpp"

namespace jobpool::simulation {

class LedgerMemory {
 public:
  LedgerMemory();
  ~LedgerMemory();
  LedgerMemory(const LedgerMemory&) = delete;
  LedgerMemory& operator=(const LedgerMemory&) = delete;

  broker::Ledger open() const;
  void wipe();
  // Header and entries, as they are and as they were: for the mutant that loses some.
  std::vector<std::byte> copy() const;
  void restore(const std::vector<std::byte>& bytes);

 private:
  std::byte* head_;  // all of it; a schedule touches the first entries
};

struct SegmentMemory {
  SegmentMemory();

  // As when it was made, but for bytes that nothing points to any more.
  void wipe(std::uint32_t threads);
  void forget_offers();  // for the mutant: the words and descriptors alone

  shm::SegmentFds fds;
  UniqueFd broker_orders, worker_orders;
  bool may_have_orders = true;  // a broker was there since they were read: to look costs a system call, and there are few of them
  shm::BrokerMapping broker_side;
  shm::WorkerMapping worker_side;
};

// Hands out segments, and takes them all back at the end of a schedule.
class Segments {
 public:
  SegmentMemory& take(std::uint32_t threads);
  void give_back(SegmentMemory& segment) {
    segment.may_have_orders = true;
    free_.push_back(&segment);
  }
  void take_back_all() {
    used_ = 0;
    free_.clear();
    for (const auto& segment : all_) segment->may_have_orders = true;
  }

 private:
  std::vector<std::unique_ptr<SegmentMemory>> all_;
  std::vector<SegmentMemory*> free_;  // of those before used_
  std::size_t used_ = 0;
};

}  // namespace jobpool::simulation
