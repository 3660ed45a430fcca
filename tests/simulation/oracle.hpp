// The ledger of truth outside the system: hears what clients ask and are told, and what workers really do, and throws a Violation when a
// promise of daemon/README.md is broken. It looks into the store only for what is committed, into the broker only after a recovery and at
// the end.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/broker/core/effect.hpp"
#include "daemon/broker/engine.hpp"
#include "tests/simulation/sim_store.hpp"
#include "tests/simulation/tally.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/work.hpp"

namespace jobpool::simulation {

class Oracle {
 public:
  // All must outlive this.
  Oracle(const SimStore& store, const broker::Now& now, const Trace& trace) : store_(store), now_(now), trace_(trace) {}

  // ---- clients: told is what reached them, not what the broker meant to say
  Work& want(broker::Submit submit);
  broker::Token submitted(const Work& work);
  void told_accepted(broker::Token token, JobId job);
  void told_refused(broker::Token token, broker::Refusal why);
  void told_end(JobId job, Outcome outcome, const std::string& result);
  void asked_to_cancel(JobId job);
  void cancel_was_noted(JobId job);  // the job was offered, and the turn's cancel is in the ledger
  // Answers that will never come: whoever has a key may ask again.
  void callers_are_cut_off();

  // ---- workers: oracle_starts.cpp
  enum class Stopped { no, yes };
  struct ByWorker {
    Incarnation worker;
    PoolNumber pool;
    std::size_t threads = 1;
  };
  void worker_claimed(const ByWorker& by, JobId job, std::uint32_t attempt, std::uint32_t work);
  void worker_is_set_up(Incarnation worker);
  void worker_finished(Incarnation worker, JobId job, Start::End end, Stopped stopped, const std::string& result);
  void worker_died(Incarnation worker);

  // ---- pools: as long as its broker lives, nothing of it starts; the next one says whether that was stored
  void pool_is_held(PoolNumber pool) { held_.insert(pool); }
  void pool_may_be_terminated(PoolNumber pool) { terminated_.insert(pool); }
  void pool_goes_on(PoolNumber pool) { held_.erase(pool); }
  // Set up before their first job, each of its workers.
  void pool_has_setup(PoolNumber pool) { with_setup_.insert(pool); }

  // ---- lives
  void broker_died();
  void host_died();
  void daemon_stopped();
  void daemon_drains() { ++drains_; }
  void clock_was_set() { clock_is_even_ = false; }
  void broker_forgets(JobId job);
  void broker_recovered(const broker::JobCore& core);
  // Nothing runs or waits any more, and nobody died since all was left to finish.
  void all_is_quiet(broker::Engine& engine);

  Tally tally() const;  // of this schedule, so far
  const std::vector<Work>& works() const { return works_; }
  const std::map<JobId, Truth>& jobs() const { return jobs_; }
  const Work& work_of(JobId job) const { return works_[jobs_.at(job).work]; }
  const Work& work(std::uint32_t number) const { return works_.at(number); }
  bool awaits_answers() const;
  std::vector<broker::Token> open_calls() const;
  std::uint32_t instance() const { return instance_; }
  std::uint32_t life() const { return life_; }

 private:
  struct Call {
    std::uint32_t work;
    enum class State : std::uint8_t { open, accepted, refused, cut_off } state = State::open;
  };

  Truth& known(JobId job, std::uint32_t work);
  std::vector<Start*> running(Incarnation worker);
  bool was_kept(const Truth& truth) const;
  void check_same_key(const Work& work, JobId job) const;
  void check_recorded(JobId job, const Truth& truth, std::uint32_t attempt) const;
  void check_dependencies(JobId job, const Work& work) const;
  void check_time(JobId job, const Work& work, const Truth& truth) const;
  void accept_chunks(JobId batch);
  bool has_batch_succeeded(JobId batch) const;
  void check_batch(JobId job, Outcome outcome) const;
  void check_nothing_succeeded(JobId job, const Truth& truth) const;
  void check_outcome(JobId job, const Truth& truth, Outcome outcome) const;
  bool may_be_cancelled(const Work& work, const Truth& truth) const;
  bool may_be_interrupted(const Work& work, const Truth& truth) const;
  bool may_be_skipped(const Work& work) const;

  const SimStore& store_;
  const broker::Now& now_;
  const Trace& trace_;
  std::vector<Work> works_;
  std::vector<Call> calls_;  // by token, from 1
  std::map<JobId, Truth> jobs_;
  std::set<JobId> forgotten_;  // some before anybody had heard of them
  std::uint32_t instance_ = 1, life_ = 1, drains_ = 0;
  bool clock_is_even_ = true;                            // the wall clock was never set
  std::set<PoolNumber> held_, terminated_, with_setup_;  // terminated_: ever
  std::set<Incarnation> set_up_;
  Tally deaths_;
};

}  // namespace jobpool::simulation
