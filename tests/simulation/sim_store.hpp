// The store of the simulation: a MemoryStore whose news the world brings to the broker when it likes, at whose calls a broker may die, and
// which holds the broker to its contract. With a mutant it lies.
#pragma once

#include <optional>
#include <unordered_set>

#include "daemon/broker/store/memory_store.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/mutants.hpp"
#include "tests/simulation/trace.hpp"

namespace jobpool::simulation {

class SimStore final : public broker::Store {
 public:
  // Both must outlive this.
  SimStore(Fuse& fuse, const Trace& trace, Mutant mutant) : fuse_(fuse), trace_(trace), mutant_(mutant) {}

  Result<std::vector<broker::StoredJob>> load() override { return store_.load(); }
  Result<std::vector<broker::PoolRecord>> load_pools() override { return store_.load_pools(); }
  broker::CommitNumber commit(broker::StoreBatch batch, broker::Urgency urgency = broker::Urgency::now) override;
  void read_result(JobId job, std::function<void(Result<std::string>)> done) override { store_.read_result(job, std::move(done)); }
  void read_job(JobId job, std::function<void(Result<broker::JobRecord>)> done) override { store_.read_job(job, std::move(done)); }
  void collect(broker::StoreListener& listener) override;
  int descriptor() const override { return 0; }  // not −1: the journal is not to collect by itself
  bool is_idle() const override { return store_.is_idle(); }
  std::size_t in_flight() const override { return store_.in_flight(); }

  void step(std::size_t batches);
  void become_full() { store_.become_full(); }
  void become_stuck() { store_.become_stuck(); }
  void make_room() { store_.make_room(); }
  void crash();
  const broker::MemoryStore::Entry* committed(JobId job) const { return store_.committed(job); }

 private:
  class Ear;

  Fuse& fuse_;
  const Trace& trace_;
  const Mutant mutant_;
  broker::MemoryStore store_;
  broker::CommitNumber last_ = 0;
  std::unordered_set<JobId> refused_;           // and the broker knows
  std::optional<broker::MemoryStore> earlier_;  // lost_step: before the last step
};

}  // namespace jobpool::simulation
