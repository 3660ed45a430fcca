// Everything but the schedule: the supervisor's part (segments, ledger, who lives), the store, the clock, the broker's lives, the workers,
// and the wires between them. Each function is one step that a schedule may take; all randomness comes from its choices.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/broker/recovery.hpp"
#include "tests/simulation/choices.hpp"
#include "tests/simulation/life.hpp"
#include "tests/simulation/memory.hpp"
#include "tests/simulation/mutants.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/plan.hpp"
#include "tests/simulation/sim_worker.hpp"

namespace jobpool::simulation {

// What is made once and used by one schedule after the other.
struct Memory {
  LedgerMemory ledger;
  Segments segments;
};

class World {
 public:
  // All must outlive this.
  World(Memory& memory, Choices& choices, const Plan& plan, const Trace& trace, Mutant mutant);

  // ---- the broker: world.cpp. Each does nothing while there is none, but start_broker().
  void start_broker();
  void submit(const Work& work);
  void withdraw(broker::Token token);
  void cancel(JobId job);
  void kill_function(JobId job);
  void remove(JobId job);
  void ask_for_end(JobId job);  // and hear it, if it has come
  void drain();
  void stop_all();
  void pause(PoolNumber pool);
  void resume(PoolNumber pool);
  void close(PoolNumber pool);
  void terminate(PoolNumber pool);
  void resize(PoolNumber pool, std::uint32_t size);
  // Whatever was said to pools is taken back.
  void reopen_pools();
  void end_turn();
  void audit();
  void collect();

  // ---- deaths and the supervisor: supervisor.cpp
  void kill_broker();
  void light_fuse(std::size_t points) { fuse_.light(points); }
  void kill_host();
  void kill_worker(SimWorker& worker);
  void kill_doomed();
  void report_death();
  // Of one that the broker has not heard of: before that nothing is quiet. (A peace that began with more dead than one round reports was
  // taken for a broker that leaks a slot: 1 schedule in 500,000.)
  bool owes_a_death() { return untold_death() != workers_.end(); }
  void dismiss(SimWorker& worker);
  void start_worker();
  // The first broker, both pools, and their workers.
  void found();
  // From here on nobody dies of himself, and what would hang for ever is put out of its misery.
  void calm_down();

  void advance(Microseconds by);
  void set_clock(Microseconds by);  // the wall's alone
  SimStore& store() { return store_; }
  Oracle& oracle() { return oracle_; }
  Life* broker() { return life_ ? &*life_ : nullptr; }
  std::vector<std::unique_ptr<SimWorker>>& workers() { return workers_; }
  SimWorker* any_worker();
  void let_act(SimWorker& worker);
  const broker::Now& now() const { return now_; }

 private:
  // Carries it out in the broker, if there is one; and sees to what is left when that dies of it.
  template <class Doing>
  void in_broker(const Doing& doing) {
    if (!life_) return;
    expect_orders();
    try {
      doing(*life_);
    } catch (const BrokerDied&) {
      bury_broker("in the middle of it");
    }
    expect_orders();
    if (daemon_ends_) stop_daemon();
  }
  // From the broker, before and after each of its steps.
  void expect_orders() {
    for (const auto& worker : workers_) worker->expect_orders();
  }
  // What may throw BrokerDied, called from in_broker() only.
  void turn_of(Life& life);
  void deliver(Life& life);
  void deliver(Life& life, const News& one);
  void take_over(Life& life, broker::Recovery& recovery, SimWorker& worker);
  void tell_death(Life& life, SimWorker& worker);

  void bury_broker(const char* when);
  void crash_store();
  void stop_daemon();
  void new_instance();
  void make_second_pool(Life& life);
  void note_waiting(const broker::JobCore& core);
  void check_priorities(const broker::JobCore& core);
  void check_times(const broker::JobCore& core) const;
  broker::Submit as_heard(const Work& work) const;

  Memory& memory_;
  Choices& choices_;
  const Plan& plan_;
  const Trace& trace_;
  const Mutant mutant_;
  Fuse fuse_;
  broker::Now now_;
  SimStore store_;
  Oracle oracle_;
  std::vector<std::unique_ptr<SimWorker>>::iterator untold_death();

  std::vector<std::unique_ptr<SimWorker>> workers_;  // the supervisor's: dead ones until the broker has heard of it
  std::uint64_t incarnations_ = 0;
  JobId first_unreserved_{1};
  std::optional<Life> life_;
  bool daemon_ends_ = false;                    // the broker has drained
  std::vector<broker::StartWorker> asked_for_;  // by the broker that lives
  struct Waiting {
    JobId job;
    std::int16_t priority;
    PoolNumber pool;
  };
  std::vector<Waiting> waiting_;               // ready and not offered when the turn's end began
  std::vector<std::byte> ledger_before_turn_;  // for a mutant
};

}  // namespace jobpool::simulation
