// One life of a broker: the real engine, and what it wants to tell. That is kept until its turn has ended, as the real broker's answers
// are; what it says in a turn that it does not survive nobody hears.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/broker/engine.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/sim_store.hpp"

namespace jobpool::simulation {

// What of a job's end reaches those who ask for it.
struct End {
  JobId job;
  Outcome outcome;
  std::string result;
};
struct KillAsked {
  Incarnation worker;
};
struct DeathHeard {  // the supervisor may forget it
  Incarnation worker;
};
using News =
    std::variant<broker::Accepted, broker::Refused, End, KillAsked, DeathHeard, broker::Drained, broker::StartWorker, broker::PoolLeft>;

class Life final : public broker::EngineListener {
 public:
  struct Surroundings {
    SimStore& store;
    Fuse& fuse;
    const broker::Now& now;
    std::function<void(JobId)> on_forgets;  // at once: it may be committed with the turn or lost with the broker
  };
  Life(broker::Ledger ledger, std::uint64_t instance, const broker::CoreLimits& limits, JobId next_id, Surroundings around);

  void on_accepted(const broker::Accepted& accepted) override;
  void on_refused(const broker::Refused& refused) override { say(refused); }
  void on_started(const broker::Job&) override { around_.fuse.burn(); }
  void on_ended(const broker::Job& job) override;
  void on_forgotten(const broker::Forgotten& forgotten) override { around_.on_forgets(forgotten.job); }
  void on_drained() override { say(broker::Drained{}); }
  void on_kill_worker(Incarnation worker) override { say(KillAsked{worker}); }
  void on_start_worker(WorkerNumber number, PoolNumber pool) override { say(broker::StartWorker{number, pool}); }
  void on_pool_left(PoolNumber pool) override { say(broker::PoolLeft{pool}); }
  void on_store_failed(const Error& error) override;

  // As a caller finds it who asks for the end of a job that is settled.
  End end_of(const broker::Job& job) const;
  void say(News one);

  std::vector<News> news;

 private:
  Surroundings around_;

 public:
  broker::Engine engine;
};

}  // namespace jobpool::simulation
