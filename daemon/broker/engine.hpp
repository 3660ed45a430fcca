// The engine: carries events to the core and the core's effects to the workers, the ledger, the store and whoever listens.
// The one place where the pure core meets memory and descriptors. Broker process, its one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/job/report.hpp"
#include "daemon/broker/core/job_core.hpp"
#include "daemon/broker/journal.hpp"
#include "daemon/broker/pool/dispatcher.hpp"
#include "daemon/broker/pool/ledger.hpp"
#include "daemon/broker/stats/stats.hpp"

namespace jobpool::broker {

// Who wants to know: the verbs (callers wait) and the link to the supervisor (workers are its children).
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  virtual void on_accepted(const Accepted& accepted) = 0;
  virtual void on_refused(const Refused& refused) = 0;
  virtual void on_started(const Job& job) = 0;  // its worker has said so: its process and its output files are there
  virtual void on_ended(const Job& job) = 0;    // its outcome is recorded
  // Somebody waits for its end.
  virtual bool is_awaited(JobId) const { return true; }
  virtual void on_forgotten(const Forgotten& forgotten) = 0;
  virtual void on_drained() = 0;
  virtual void on_kill_worker(Incarnation worker) = 0;
  virtual void on_signal_worker(Incarnation, int /*signal*/) {}  // to it alone
  virtual void on_start_worker(WorkerNumber, PoolNumber) {}      // told only after StaffPools
  virtual void on_pool_left(PoolNumber) {}                       // it is closed or terminated, and its workers have left
  virtual void on_pool_removed(PoolNumber) {}
  // What is told to those who listen to events, once the job's part of it is durable; empty: nobody listens.
  virtual std::function<void()> announcement(const Job&, JobState) { return {}; }
  virtual std::function<void()> announcement(const CorePool&) { return {}; }
  virtual void on_store_failed(const Error& error) = 0;  // nothing can be promised any more
};

// Reads both clocks together; another one in its place lets a simulator turn time by hand. (Into a place of the reader's: a value of two
// words comes back in two registers, is written as two words and read as one of sixteen bytes, for which a processor waits until all that
// was written before is in its cache; and each event asks.)
using ReadClocks = std::function<void(Now&)>;
inline void read_clocks(Now& now) { now = {Clock::now(), wall_usec()}; }
inline Now now_by(const ReadClocks& clocks) {
  Now now;
  clocks(now);
  return now;
}

class Engine final : ReportSink, JournalListener {
 public:
  // `store` and `listener` must outlive this.
  // `instance`: this life of the daemon as a number, for the attempts that it records.
  Engine(Ledger ledger, Store& store, std::uint64_t instance, CoreLimits limits, JobId next_id, EngineListener& listener,
         ReadClocks clocks = read_clocks);

  std::uint64_t instance() const { return instance_; }
  Now now() const { return now_by(read_clocks_); }

  // Hands an event to the core and carries out all its effects.
  void tell(Event&& event);
  // The caller of an apply has its answer. What is kept of such jobs is for `list` and `show`: large results of theirs are forgotten, the
  // oldest first, before they fill the ledger.
  void delivered(JobId job);
  // Requires: the job is not done. What rode with its submission, until a worker has it. Ignored when it has some already.
  void hold_descriptors(JobId job, std::vector<UniqueFd>&& fds);

  // Errors: those of seed.side; the caller kills the worker.
  Result<void> add_worker(WorkerSeed seed);
  // Returns how many jobs it had taken and not ended.
  std::size_t worker_died(Incarnation worker, int signal, int exit_code);
  // It gets nothing more, does what it has, and exits with 0.
  void dismiss_worker(Incarnation worker);

  // A START rings no bell, and comes a little after the claim: call it before anybody is told that the job has not started.
  void look_for_starts(std::span<const JobId> jobs);
  // False: so many signals for it are on their way that this one was not sent.
  bool signal_job(const Job& job, int signal);
  // The same for a function, whose process is its worker. Requires: it runs, and nothing else does there.
  void signal_worker_of(const Job& job, int signal) { listener_.on_signal_worker(job.worker, signal); }

  // Requires: settled. The result's JSON text, empty: none; nullopt: the store has it, to be read with read_result().
  std::optional<std::string> result_at_hand(const Job& job) const;
  // The same where it is: as long as the job is remembered, and its result not let go.
  std::optional<std::string_view> result_in_place(const Job& job) const;
  // Errors: io.
  void read_result(JobId job, std::function<void(Result<std::string>)> done) { journal_.store().read_result(job, std::move(done)); }

  // Likewise, the job as it was accepted. Errors: not_found, io.
  void read_job(JobId job, std::function<void(Result<JobRecord>)> done) { journal_.store().read_job(job, std::move(done)); }

  // Counts, and the clock's second that their rates are told by.
  const Stats& stats() const { return stats_; }
  static std::int64_t second(const Now& now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now.steady.time_since_epoch()).count();
  }
  std::int64_t first_second() const { return second(began_); }
  std::int64_t since_usec() const { return began_.wall_usec; }

  // All that happened so far is one turn: new work goes out, what must be durable goes to the store.
  void end_turn();
  // Wakes the workers that the work is for, where they sleep.
  void ring_bells() { dispatcher_.ring_bells(); }
  // Every 100 ms while it is wanted: work is in flight, or memory is to be given back.
  void audit();
  bool wants_audit() const { return dispatcher_.busy() || ledger_.keeps_unused(); }
  // When audit() is due, if nothing else happens; nullopt: nothing is waited for.
  std::optional<TimePoint> next_deadline() const;
  bool prepare_to_sleep();
  void woke_up() { dispatcher_.woke_up(); }

  const JobCore& core() const { return core_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  Ledger& ledger() { return ledger_; }
  Journal& journal() { return journal_; }

 private:
  void on_started(JobId job, const shm::StartBody& body) override;
  void on_result_piece(JobId job, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece) override;
  Result<void> on_report(JobId job, std::span<const std::byte> report) override;
  Result<void> on_set_up(Incarnation worker, std::span<const std::byte> report) override;
  void on_leaving(Incarnation worker) override;
  void on_liar(Incarnation worker, const std::string& what) override;

  void on_not_stored(const std::vector<JobId>& jobs) override;
  void on_store_has_room() override;
  void on_store_stuck() override;
  void on_store_moves() override;
  void on_store_failed(const Error& error) override { listener_.on_store_failed(error); }
  // full_ledger.cpp
  bool make_room(std::uint64_t bytes);
  std::size_t let_results_go(const std::vector<JobId>& kept, std::uint64_t bytes);
  void record_report(JobId job, ReportView& report, std::span<const std::byte> bytes);
  void record_end(const Job& job);
  void record_ends_of_chunks(const Job& batch);
  void record_late();

  void carry_out(const Accepted& effect);
  void carry_out(const Refused& effect);
  void carry_out(const Save& effect);
  void carry_out(const Detached& effect);
  void carry_out(const AttemptEnded& effect);
  void carry_out(const OfferJob& effect);
  void carry_out(const RevokeJob& effect);
  void carry_out(const StopAsked& effect);
  void carry_out(const UsedEnd& effect);
  void carry_out(const StopJob& effect);
  void carry_out(const KillWorker& effect);
  void carry_out(const Changed& effect);
  void carry_out(const Ended& effect);
  void carry_out(const Forgotten& effect);
  void carry_out(const Drained& effect);
  // pool_effects.cpp
  void carry_out(const SavePool& effect);
  void carry_out(const RemovePool& effect);
  void carry_out(const StartWorker& effect);
  void carry_out(const SetUpWorker& effect);
  void carry_out(const DismissWorker& effect);
  void carry_out(const SetupFailed& effect);
  void carry_out(const PoolLeft& effect);

  // What an effect on a durable job waits for.
  void when_stored(JobId job, std::function<void()> action);
  // job_news.cpp
  void answer_accepted(const Accepted& effect);
  void announce(const Job& job, JobState to);
  std::string_view pool_name(const Job& job) const;
  void log_end(const Job& job) const;
  void dispatch(const OfferJob& effect);
  void save_end(const Job& job, Urgency urgency);
  void release_descriptors(JobId id);
  void settle(JobId id);

  EngineListener& listener_;
  const ReadClocks read_clocks_;
  const std::uint64_t instance_;
  Ledger ledger_;
  JobCore core_;
  Dispatcher dispatcher_;
  Journal journal_;
  TimePoint next_search_for_room_{};                             // in the full ledger,
  std::uint64_t fruitless_bytes_ = 0;                            // for as much as this or more
  bool room_was_made_ = false;                                   // there, in this turn
  bool lacks_room_ = false;                                      // a job could not be offered for want of it
  std::deque<std::pair<JobId, std::uint64_t>> large_delivered_;  // with the bytes of their results
  std::uint64_t large_delivered_bytes_ = 0;
  std::map<JobId, std::vector<UniqueFd>> descriptors_;
  std::unordered_map<JobId, CommitNumber> recorded_in_;  // current attempts of durable jobs that were not dispatched yet
  CommitNumber latest_met_in_ = 0;                       // the latest DependencyMet, or end of a job that never began
  Stats stats_;
  Now began_;                    // of the first event
  Now latest_;                   // of the one that is being handled
  Effects effects_, under_way_;  // to be carried out, and those that are being
  bool carrying_out_ = false;
  std::deque<JobId> unrecorded_;  // ended, and the ledger had no room; most of the time empty
};

}  // namespace jobpool::broker
