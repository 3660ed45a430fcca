// The heart: a pure state machine. Events in, effects out; no clock, file, socket, thread or log.
// Run by the broker's engine in its one thread, and by tests and the simulator with a hand-turned clock.
//
// A job:  Submit → ready → (EndOfTurn: OfferJob) → Started → running → Reported → done (Ended) → … → Forgotten
// Only change_state() changes a state, and it aborts on a change that the table does not allow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/function_ref.hpp"
#include "daemon/broker/core/effect.hpp"
#include "daemon/broker/core/event.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/job_ids.hpp"
#include "daemon/broker/core/worker_table.hpp"

namespace jobpool::broker {

struct CoreLimits {
  std::size_t max_ready_jobs = 1'000'000;              // waiting for a worker; more are refused as QueueFull
  std::size_t max_ready_bytes = std::size_t{2} << 30;  // of their payloads together
  std::size_t kept_async = 262'144;                    // ended and still to be collected; the oldest are forgotten first
  std::size_t kept_apply = 1'000;                      // ended and delivered: kept for `list` and `show` only
  std::chrono::milliseconds stop_margin{1'000};        // after a job's grace: then its worker is killed
  std::chrono::seconds claim_time{10};                 // for the caller of an inherited apply to come back; libraries try for less
};

struct CoreCounts {
  std::size_t ready = 0, running = 0, waiting = 0, done = 0;
  std::size_t workers = 0, workers_idle = 0;
};

class JobCore {
 public:
  // `next_id`: the first id to be given out.
  JobCore(CoreLimits limits, JobId next_id);

  // Appends the effects of `event`. Effects are to be carried out in order; their answers are events again.
  void handle(Event&& event, const Now& now, Effects& out);

  // When Tick is due, if nothing else happens; nullopt: nothing is waited for.
  std::optional<TimePoint> next_deadline() const;

  const Job* find(JobId id) const;
  CoreCounts counts() const;
  bool draining() const { return drain_ != DrainMode::none; }
  JobId next_id() const { return next_id_; }
  // Entries of the ready queue, stale ones of cancelled jobs included: those must not pile up.
  std::size_t ready_entries() const { return ready_.size(); }
  // The first known job with this id or a larger one; null: there is none.
  const Job* next_job(JobId from) const;
  // Where to begin, so that `count` jobs that are `wanted` follow; the very first id when there are not so many. Looks at newer ones only.
  JobId begin_of_last(std::size_t count, function_ref<bool(const Job&)> wanted) const;
  // Ids below it without a record belonged to a broker that died.
  JobId inherited_below() const { return inherited_below_; }
  const CoreLimits& limits() const { return limits_; }

 private:
  enum class DrainMode { none, drain, stop_all };

  void on(Submit& event, const Now& now, Effects& out);
  void on(WorkerJoined& event, const Now& now, Effects& out);
  void on(WorkerCondemned& event, const Now& now, Effects& out);
  void on(WorkerLost& event, const Now& now, Effects& out);
  void on(Started& event, const Now& now, Effects& out);
  void on(Reported& event, const Now& now, Effects& out);
  void on(Revoked& event, const Now& now, Effects& out);
  void on(OfferFailed& event, const Now& now, Effects& out);
  void on(Cancel& event, const Now& now, Effects& out);
  void on(KillFunction& event, const Now& now, Effects& out);
  void on(Delivered& event, const Now& now, Effects& out);
  void on(RecoveryBegun& event, const Now& now, Effects& out);
  void on(RecoveryDone& event, const Now& now, Effects& out);
  void on(Inherited& event, const Now& now, Effects& out);
  void on(Tick& event, const Now& now, Effects& out);
  void on(EndOfTurn& event, const Now& now, Effects& out);
  void on(Drain& event, const Now& now, Effects& out);
  void on(StopAll& event, const Now& now, Effects& out);

  // job_core.cpp
  Job* known(JobId id);
  bool accept_known_key(const Submit& event, Effects& out);
  void change_state(Job& job, JobState to, Effects& out);
  void finish(Job& job, Outcome outcome, const Now& now, Effects& out);
  void forget_surplus(Effects& out);
  void forget(JobId id, Effects& out);
  void drained_if_quiet(Effects& out);

  // schedule.cpp: who runs next
  void push_back_ready(Job& job);
  void push_front_ready(Job& job);
  Job* first_ready();
  std::size_t depth() const;
  void offer(Job& job, CoreWorker& worker, const Now& now, Effects& out);
  void assign(const Now& now, Effects& out);
  void steal_for_idle(Effects& out);
  void revoke_stale_offers(const Now& now, Effects& out);
  void leave_slot(Job& job);

  // stopping.cpp: ending jobs before their time
  void reserve_for_ending(const Job& job, Effects& out);
  void stop_running(Job& job, Cancel::Haste haste, const Now& now, Effects& out);
  void cancel_job(Job& job, Cancel::Haste haste, std::string reason, const Now& now, Effects& out);
  void end_for_drain(const Now& now, Effects& out);
  void cancel_all_ready(Cancel::Haste haste, const std::string& reason, const Now& now, Effects& out);
  void finish_lost(Job& job, const WorkerLost& event, const Now& now, Effects& out);
  void cancel_unclaimed(const Now& now, Effects& out);
  void kill_overdue(const Now& now, Effects& out);

  CoreLimits limits_;
  JobId next_id_;
  JobId inherited_below_;

  std::unordered_map<JobId, Job> jobs_;
  JobIds ids_;  // of jobs_
  std::map<std::pair<uid_t, std::string>, JobId> keys_;
  WorkerTable workers_;
  std::deque<JobId> ready_;     // in the order to be offered; entries whose job moved on are skipped
  std::size_t ready_jobs_ = 0;  // live entries of it
  std::size_t ready_bytes_ = 0;
  std::size_t running_jobs_ = 0, waiting_jobs_ = 0, done_jobs_ = 0;
  std::deque<JobId> done_async_, done_apply_;  // oldest first; applies once they are delivered
  std::multimap<TimePoint, JobId> kill_at_;    // jobs to be ended: if they run still, their worker is killed then
  std::map<JobId, TimePoint> claim_by_;        // inherited applies
  Microseconds usual_run_{1'000};              // moving average of run times: how deep to offer
  DrainMode drain_ = DrainMode::none;
  bool drained_told_ = false;
  bool recovering_ = false;  // not all jobs of an earlier broker are known
};

}  // namespace jobpool::broker
