// The heart: a pure state machine. Events in, effects out; no clock, file, socket, thread or log.
// Run by the broker's engine in its one thread, and by tests and the simulator with a hand-turned clock.
//
// A job:  Submit → (waiting →) ready → (EndOfTurn: OfferJob) → Started → running → Reported → done (Ended) → Settled → … → Forgotten
//                     ↑                                                     ↓ a retry (AttemptEnded)
//                     └─────────────────────────────────────────────────── waiting
// Only change_state() changes a state, and it aborts on a change that the table does not allow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/function_ref.hpp"
#include "daemon/broker/core/effect.hpp"
#include "daemon/broker/core/ended_queue.hpp"
#include "daemon/broker/core/event.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/job_table.hpp"
#include "daemon/broker/core/key_index.hpp"
#include "daemon/broker/core/pool_table.hpp"

namespace jobpool::broker {

struct CoreLimits {
  std::size_t max_queued_jobs = 2'000'000;              // ready and waiting; more are refused as QueueFull, or block
  std::size_t max_queued_of_one = 1'500'000;            // of one submitter (uid), so that the others always find room
  std::size_t max_queued_bytes = std::size_t{2} << 30;  // of their payloads and dependencies together
  std::size_t kept_async = 262'144;                     // ended; the oldest are forgotten first
  std::size_t kept_apply = 1'000;                       // of those that nobody can ask for again: kept for `list` and `show` only
  std::chrono::seconds kept_for{30 * 24 * 60 * 60};     // an ended job, at most
  std::chrono::milliseconds stop_margin{1'000};         // after a job's grace: then its worker is killed
  std::chrono::seconds claim_time{10};                  // for the caller of an inherited apply to come back; libraries try for less
};

// Of all pools together.
struct CoreCounts : JobCounts {
  std::size_t workers = 0, workers_idle = 0;
};

class JobCore {
 public:
  // `next_id`: the first id to be given out.
  JobCore(CoreLimits limits, JobId next_id);

  // Appends the effects of `event`. Effects are to be carried out in order; their answers are events again.
  void handle(Event&& event, const Now& now, Effects& out);

  // When Tick is due, if nothing else happens, by the steady clock, and by the wall's; nullopt: nothing is waited for.
  std::optional<TimePoint> next_deadline() const;
  std::optional<std::int64_t> next_wall_deadline() const;

  const Job* find(JobId id) const { return jobs_.find(id); }
  // As JobTable's: changes nothing.
  void foresee(JobId id) const { jobs_.foresee(id); }
  // The one that was submitted under that key; null: none that is remembered.
  const Job* find_key(uid_t uid, const SharedText& key) const { return keys_.find(uid, key); }
  // What a job still waits for, the highest id first; null: nothing.
  const Dependencies* dependencies(JobId id) const;
  // Of a batch, in their order; null: it is none.
  const std::vector<JobId>* chunks(JobId id) const;
  // The batch that a job is a chunk of, which would miss it; nullopt: none that is known.
  std::optional<JobId> batch_of(JobId chunk) const;
  JobNotes notes(JobId id) const;
  CoreCounts counts() const;
  // Ended, it is kept as long as there is room: somebody has its id (also of an apply that is to go on when its caller leaves), it is on
  // disk, or it has a key that somebody chose, who may come with it again. Of other applies there are too many.
  static bool is_kept_long(const Job& job);
  // It may be forgotten, or its result let go, to make room for others: whoever waited has it.
  static bool may_give_way(const Job& job) { return job.settled && (job.mode == Mode::apply_async || job.delivered); }
  bool is_recovering() const { return recovering_; }  // not all jobs of an earlier broker are known
  bool draining() const { return drain_ != DrainMode::none; }
  // Nothing can be recorded: durable jobs wait, and others overtake them.
  bool is_store_stuck() const { return store_is_stuck_; }
  // What an idle worker takes over from another was taken back: it is offered at the end of a turn, which should be this one.
  bool wants_turn() const { return taken_back_for_idle_; }
  JobId next_id() const { return next_id_; }
  // The same when the turn has ended, at the most: those who wait for room may get some.
  JobId next_id_after_turn() const { return JobId{next_id_.value + blocked_.size()}; }
  // Entries of the ready queue, stale ones of cancelled jobs included: those must not pile up.
  std::size_t ready_entries() const;
  // The first known job with this id or a larger one; null: there is none.
  const Job* next_job(JobId from) const { return jobs_.from(from); }
  // Where to begin, so that `count` jobs that are `wanted` follow; the very first id when there are not so many. Looks at newer ones only.
  JobId begin_of_last(std::size_t count, function_ref<bool(const Job&)> wanted) const;
  // Ids below it without a record are of earlier brokers' jobs, removed and lost ones.
  JobId inherited_below() const { return inherited_below_; }
  const CoreLimits& limits() const { return limits_; }

  // Its pool is to have more workers than it has, or has asked for.
  bool lacks_workers(PoolNumber pool) const;

  // New durable jobs are refused, and so should be new pools.
  bool store_is_full() const { return store_is_full_; }

  const PoolTable& pools() const { return pools_; }
  // How many workers it is to have, if there is work for all of them.
  std::uint32_t size_of(const CorePool& pool) const { return pool.record.settings.size.value_or(default_size_); }
  // Its pool is paused, and keeps it from being offered.
  bool is_held_back(const Job& job) const { return job.state == JobState::ready && !job.offered && pools_.at(job.pool).record.paused; }

 private:
  enum class DrainMode { none, drain, stop_all };

  void on(Submit& event, const Now& now, Effects& out);
  void on(SubmitBatch& event, const Now& now, Effects& out);
  void on(Withdraw& event, const Now& now, Effects& out);
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
  void on(Settled& event, const Now& now, Effects& out);
  void on(ResultLetGo& event, const Now& now, Effects& out);
  void on(NotStored& event, const Now& now, Effects& out);
  void on(StoreFull& event, const Now& now, Effects& out);
  void on(StoreHasRoom& event, const Now& now, Effects& out);
  void on(StoreStuck& event, const Now& now, Effects& out);
  void on(StoreMoves& event, const Now& now, Effects& out);
  void on(Remove& event, const Now& now, Effects& out);
  void on(RecoveryBegun& event, const Now& now, Effects& out);
  void on(RecoveryDone& event, const Now& now, Effects& out);
  void on(Inherited& event, const Now& now, Effects& out);
  void on(Tick& event, const Now& now, Effects& out);
  void on(EndOfTurn& event, const Now& now, Effects& out);
  void on(Drain& event, const Now& now, Effects& out);
  void on(StopAll& event, const Now& now, Effects& out);
  void on(WorkerSetUp& event, const Now& now, Effects& out);
  void on(WaitedAtQueue& event, const Now& now, Effects& out);
  void on(CreatePool& event, const Now& now, Effects& out);
  void on(ResizePool& event, const Now& now, Effects& out);
  void on(PausePool& event, const Now& now, Effects& out);
  void on(ResumePool& event, const Now& now, Effects& out);
  void on(ClosePool& event, const Now& now, Effects& out);
  void on(TerminatePool& event, const Now& now, Effects& out);
  void on(DeletePool& event, const Now& now, Effects& out);
  void on(InheritedPool& event, const Now& now, Effects& out);
  void on(StaffPools& event, const Now& now, Effects& out);

  // job_core.cpp: states and timers
  Job* known(JobId id) { return jobs_.find(id); }
  CorePool& pool_of(const Job& job) { return pools_.at(job.pool); }
  CoreWorker* worker_of(const Job& job) { return pool_of(job).workers.find(job.worker); }
  std::size_t queued_jobs() const { return jobs_by_state_.ready + jobs_by_state_.waiting; }
  std::size_t queued_bytes() const { return queued_payload_bytes_ + dependents_.size() * kDependencyBytes; }
  void count(const Job& job, JobState state, int change);
  void count_settled(const Job& job, int change);
  void enter(Job& job);  // a new one, ready, is counted
  void leave(Job& job);  // and no more
  void count_queued(const Job& job, int change);
  void change_state(Job& job, JobState to, Effects& out);
  void begin_running(Job& job, const Now& now, Effects& out);
  void set_timer(Job& job, TimePoint at);
  void clear_timer(Job& job);
  void run_timers(const Now& now, Effects& out);

  // submission.cpp: who gets in
  std::optional<Refused> refusal_of(const Submit& event) const;
  std::optional<Refusal> fullness_for(const Submit& event) const;
  bool accept_known_key(const Submit& event, Effects& out);
  void accept(Submit& event, const Now& now, Effects& out);
  void detach(Job& job, Effects& out);
  Dependencies to_be_stored(Dependencies after) const;
  void accept_blocked(const Now& now, Effects& out);
  void refuse_blocked(Refusal why, Effects& out);
  void refuse_blocked_of(const CorePool& pool, Effects& out);

  // waiting.cpp: conditions before a start
  struct Verdict {
    bool satisfied = false;
    std::string obstacle;  // why it never will be
  };
  Verdict judge(const Dependency& dependency) const;
  void use_end(const Job& job, JobId earlier, Effects& out) const;
  void note_named(const Job& job, const Dependencies& after);
  static bool put_down_met(const Job& job, const Dependency& dependency, Effects& out);
  bool put_down_met_by(const Job& ended, Effects& out);
  bool has_ephemeral_dependents(JobId id) const;
  void queue(Job& job, const Dependencies& after, const Now& now, Effects& out);
  void wait_for_time(Job& job, const Now& now, Effects& out);
  void become_ready(Job& job, std::int64_t since_usec, const Now& now, Effects& out);
  void wait(Job& job, WaitsFor what, Effects& out);
  void release_dependents(JobId ended, const Now& now, Effects& out);
  void drop_dependencies(Job& job);

  // batch.cpp: maps whose chunks are jobs
  struct Batch {
    std::vector<JobId> chunks;
    std::set<JobId> kept;  // those that have had their turn to be forgotten, and stay as long as it does
    bool has_settled = false;
  };
  std::optional<Refusal> fullness_for(const SubmitBatch& event) const;
  void keep_chunks(JobId batch, const Dependencies& after);
  bool keep_for_batch(JobId chunk);
  bool is_kept_for_batch(JobId chunk) const;
  void batch_has_settled(JobId id);
  void leave_batch(JobId chunk);
  void drop_batch(JobId id);
  void end_batch(Job& batch, const Now& now, Effects& out);
  void go_on(Job& job, const Now& now, Effects& out);

  // attempts.cpp: how attempts end, and whether another follows
  void end_attempt(Job& job, Outcome outcome, const Now& now, Effects& out);
  bool may_retry(const Job& job, Outcome outcome) const;
  void retry(Job& job, Outcome outcome, const Now& now, Effects& out);
  static std::int64_t retry_time(const Job& job, const Now& now);
  void wait_for_retry(Job& job, const Now& now, Effects& out);
  void undo_attempt(Job& job, Effects& out);
  void finish(Job& job, Outcome outcome, const Now& now, Effects& out);
  void finish_lost(Job& job, const WorkerLost& event, std::uint64_t item, const Now& now, Effects& out);

  // retention.cpp: what is kept of ended jobs
  EndedQueue& kept_with(const Job& job) { return is_kept_long(job) ? done_async_ : done_apply_; }
  void forget_surplus(const Now& now, Effects& out);
  void forget_settled(const Job& job, Effects& out);
  void forget_with_chunks(JobId id, Effects& out);
  void forget(JobId id, Effects& out);

  // inheriting.cpp: what earlier brokers left
  void inherit_in_slot(Job& job, const Now& now, Effects& out);
  void inherit_lost(Job& job, const Now& now, Effects& out);
  void inherit_queued(Job& job, Dependencies after, const Now& now, Effects& out);
  void inherit_ended(Job& job, bool settled, const Now& now, Effects& out);
  void order_inherited_ends();

  // schedule.cpp: who runs next
  void push_back_ready(Job& job, const Now& now);
  void push_front_ready(Job& job, const Now& now);
  static void put_into_staged(CorePool& pool, std::deque<JobId>::iterator place, JobId job, const Now& now);
  static TimePoint stale_at(const CorePool& pool);
  bool is_offerable(JobId id) const;
  Job* first_queued(CorePool& pool);
  Job* first_ready(CorePool& pool);
  Job* first_startable(CorePool& pool, Effects& out);
  static void pop_ready(CorePool& pool, const Job& job, const Now& now);
  std::size_t startable(const CorePool& pool) const;
  bool has_deep_backlog_of_short_jobs(const CorePool& pool) const;
  void open_attempt(Job& job, Urgency urgency, Effects& out);
  Urgency urgency_of_end(const Job& job) const;
  void stage(CorePool& pool, const Now& now, Effects& out);
  void unstage(CorePool& pool, Effects& out);
  void unstage_stale(const Now& now, Effects& out);
  std::size_t depth(const CorePool& pool) const;
  static bool is_suspect(const CorePool& pool, const Job& job);
  CoreWorker* worker_for(CorePool& pool, const Job& job);
  void offer(Job& job, CoreWorker& worker, const Now& now, Effects& out);
  void assign(CorePool& pool, const Now& now, Effects& out);
  void steal_for_idle(CorePool& pool, Effects& out);
  void revoke_stale_offers(const Now& now, Effects& out);
  void revoke_unstarted(const CoreWorker& worker, Effects& out);
  void go_on_with_claimed(Job& job, const Now& now, Effects& out);
  void take_back(Job& job, const Now& now, Effects& out);
  void leave_slot(Job& job);

  // pools.cpp: what is said to pools
  CorePool* open_pool(PoolNumber number);
  static void has_changed(CorePool& pool, Effects& out);
  void stop_taking_jobs(CorePool& pool, PoolState state, Effects& out);
  void stop_jobs_of(const CorePool& pool, Microseconds grace, const Now& now, Effects& out);
  void stop_with_pool(Job& job, Microseconds grace, const Now& now, Effects& out);
  void drop_unneeded(CorePool& pool, Effects& out);
  void settle_inherited_pools(const Now& now, Effects& out);

  // staffing.cpp: how many workers a pool has
  void staff(const Now& now, Effects& out);
  void staff(CorePool& pool, const Now& now, Effects& out);
  std::size_t wanted(const CorePool& pool) const;
  bool somebody_is_left(CorePool& pool);
  std::size_t most_wanted(const CorePool& pool) const;
  void start_workers(CorePool& pool, std::size_t missing, const Now& now, Effects& out);
  void dismiss_surplus(CorePool& pool, std::size_t surplus, Effects& out);
  void dismiss_idle(CorePool& pool, std::size_t surplus, const Now& now, Effects& out);
  void dismiss(CorePool& pool, CoreWorker& worker, Effects& out);
  void retire(const Job& job, Effects& out);
  void see_off(CorePool& pool, const Now& now, Effects& out);
  void setup_has_failed(CorePool& pool, CoreWorker& worker, std::string error, const Now& now, Effects& out);
  void tell_left(CorePool& pool, Effects& out);
  WorkerNumber free_worker_number() const;
  void take_number(WorkerNumber number);
  void give_back_number(WorkerNumber number);

  // stopping.cpp: ending jobs before their time
  void reserve_for_ending(const Job& job, Effects& out);
  void stop_running(Job& job, Cancel::Haste haste, const Now& now, Effects& out);
  void stop_job(Job& job, StopRequest why, Cancel::Haste haste, std::string_view reason, const Now& now, Effects& out);
  void clear_the_house(const Now& now, Effects& out);
  void stop_for_shutdown(Job& job, Cancel::Haste haste, const Now& now, Effects& out);
  void on_timer_of_running(Job& job, const Now& now, Effects& out);
  void cancel_unclaimed(const Now& now, Effects& out);
  void drained_if_quiet(Effects& out);

  CoreLimits limits_;
  JobId next_id_;
  JobId inherited_below_;

  JobTable jobs_;
  KeyIndex keys_;
  PoolTable pools_;
  JobCounts jobs_by_state_;                           // of all pools
  std::size_t queued_payload_bytes_ = 0;              // of ready and waiting jobs
  std::unordered_map<uid_t, std::size_t> queued_of_;  // ready and waiting jobs by submitter; those that ever were one stay: few
  std::deque<Submit> blocked_;                        // submissions that wait for room
  bool room_was_made_ = false;                        // since blocked_ was last looked at
  bool store_is_full_ = false;
  bool store_is_stuck_ = false;
  bool taken_back_for_idle_ = false;  // since the last end of a turn

  std::unordered_map<JobId, Dependencies> after_;  // of jobs that wait for others: those still missing
  std::unordered_map<JobId, Batch> batches_;       // as long as they are known
  std::unordered_map<JobId, JobId> batch_of_;      // of chunks
  std::size_t kept_for_batches_ = 0;               // chunks, of batches that have settled
  std::unordered_map<JobId, JobNotes> notes_;      // of jobs that have some
  std::set<std::pair<JobId, JobId>> dependents_;   // the same, the other way round: who is waited for, by whom
  std::set<std::pair<TimePoint, JobId>> timers_;   // Job::due of all that have one
  // Job::not_before_usec of those that wait for it: the wall clock may be set, and goes on while the host sleeps and the steady one stands
  std::set<std::pair<std::int64_t, JobId>> waiting_for_time_;
  std::map<JobId, TimePoint> claim_by_;      // inherited applies
  TimePoint claims_due_ = TimePoint::max();  // none of these is due before
  EndedQueue done_async_, done_apply_;       // settled, oldest first (see kept_with()); applies once they are delivered
  TimePoint forget_at_ = TimePoint::max();   // when the first of these is older than it may be
  std::vector<JobId> just_ended_;            // whose dependents are still to be looked at, in this event
  DrainMode drain_ = DrainMode::none;
  bool drained_told_ = false;
  bool recovering_ = false;  // not all jobs of an earlier broker are known
  bool staffing_ = false;    // StaffPools was told
  std::uint32_t default_size_ = 0;
  bool lacks_numbers_ = false;         // some pool found none
  std::vector<std::uint8_t> numbers_;  // of workers, 1 and up: how many have it, or were asked for under it
};

}  // namespace jobpool::broker
