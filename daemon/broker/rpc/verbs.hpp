// The verbs of org.jobpool.Pool, org.jobpool.Job and org.jobpool.Process: each is one method here and one file beside, which reads the
// call, tells the engine what is asked, and answers, now or when a job has ended. Broker process, its one thread. Knows no socket and no
// shared memory.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/ids.hpp"
#include "daemon/broker/engine.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/rpc/chunks_under_way.hpp"
#include "daemon/broker/rpc/deliveries.hpp"
#include "daemon/broker/rpc/event_feed.hpp"
#include "daemon/broker/rpc/joiners.hpp"
#include "daemon/broker/rpc/outputs.hpp"
#include "daemon/broker/rpc/processes.hpp"
#include "daemon/broker/rpc/views.hpp"
#include "daemon/broker/rpc/waiters.hpp"
#include "proto/messages.hpp"
#include "proto/metrics_messages.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::broker {

// What the verbs know of the daemon around them.
struct Surroundings {
  std::string instance;
  std::int64_t since_usec = 0;  // CLOCK_BOOTTIME; when the instance began
  int broker_restarts = 0;
  std::optional<std::int64_t> reloads = {}, failed_reloads = {};  // as the supervisor says them
  std::function<std::size_t()> connections;                       // how many there are
  // Asks the supervisor; `number` is a wish's own, from 1 on, and comes back when it is refused.
  std::function<void(std::int64_t number)> reload;
  std::function<void(bool now)> shut_down;              // begins it; returns at once
  std::function<std::int64_t()> workers_retiring = {};  // a reload waits until they have left; may be missing (tests)
  // Of queues; either may be missing (tests). What a job waits for there, in words; empty: nothing.
  std::function<std::string(JobId)> what_blocks = {};
  std::function<std::int64_t(JobId)> blocked_since = {};  // wall clock; 0: it does not wait there
  std::function<std::vector<JobId>()> blocked_jobs = {};
  std::function<proto::StoreUse()> store_use = {};          // may be missing too: a store in memory uses no disk
  int end_of_passed_fds = std::numeric_limits<int>::max();  // Limits::end_of_passed_fds, for their duplicates
};

class LargeArguments;

// Why no pool takes jobs meanwhile, and the remedy.
inline constexpr std::string_view kGoingDown = "the daemon is going down; start it again";

class Verbs final : public CallHandler {
 public:
  // Both must outlive this.
  Verbs(Engine& engine, Outputs& outputs, Surroundings surroundings);

  void handle(std::shared_ptr<Call> call) override;
  // The disk would stand still while further calls are read.
  bool is_turn_full() const override { return engine_.journal().is_worth_a_commit(); }

  // From the engine, through whoever listens to it.
  void on_accepted(const Accepted& accepted);
  void on_refused(const Refused& refused);
  void on_ended(const Job& job);
  void on_started(const Job& job);
  void on_forgotten(JobId job);
  void on_pool_left(PoolNumber pool);
  // All wishes up to this number.
  void on_reload_refused(std::int64_t number);
  void on_pool_removed(PoolNumber pool) { joiners_.tell(pool, Joiners::News::reopened); }

  // The last thing of a turn: what was gathered in it is answered.
  void end_turn();
  // Something was gathered since, which a turn must tell.
  bool wants_turn() const { return !with_news_.empty(); }

  bool is_awaited(JobId job) const { return appliers_.count(job) + waiters_.count(job) > 0; }

  Deadlines& deadlines() { return deadlines_; }

  // events.cpp: what is told of it, once it is durable; empty: nobody listens.
  std::function<void()> announcement(const Job& job, JobState to);
  std::function<void()> announcement(const CorePool& pool);
  void announce_end_of_pool(std::string_view name, std::string_view state);
  // Told at once.
  void announce_worker(WorkerNumber number, PoolNumber pool, int pid, std::string_view state, std::string_view reason);
  void announce_blocked(JobId job, bool is_blocked);
  // The daemon goes down.
  void end_events() { feed_.end(); }

 private:
  using CallPtr = std::shared_ptr<Call>;
  using Method = void (Verbs::*)(const CallPtr&);

  void hello(const CallPtr& call);
  void status(const CallPtr& call);
  void shutdown(const CallPtr& call);
  void apply(const CallPtr& call);
  void apply_async(const CallPtr& call);
  void apply_all(const CallPtr& call);
  void map(const CallPtr& call);
  void get(const CallPtr& call);
  void wait(const CallPtr& call);
  void ready(const CallPtr& call);
  void successful(const CallPtr& call);
  void show(const CallPtr& call);
  void list(const CallPtr& call);
  void logs(const CallPtr& call);
  void answer_at_once(Call& call, const Job& job, Stream stream) const;
  void answer_with_output(Call& call, const Job& job, Result<UniqueFd> file) const;
  void cancel(const CallPtr& call);
  void kill(const CallPtr& call);
  void retry(const CallPtr& call);
  void events(const CallPtr& call);
  void stats(const CallPtr& call);
  void metrics(const CallPtr& call);
  void remove(const CallPtr& call);
  void clean(const CallPtr& call);
  void reload(const CallPtr& call);
  void create_pool(const CallPtr& call);
  void list_pools(const CallPtr& call);
  void show_pool(const CallPtr& call);
  void resize_pool(const CallPtr& call);
  void pause_pool(const CallPtr& call);
  void resume_pool(const CallPtr& call);
  void close_pool(const CallPtr& call);
  void terminate_pool(const CallPtr& call);
  void join_pool(const CallPtr& call);
  void delete_pool(const CallPtr& call);
  void start_process(const CallPtr& call);
  bool is_process(const Job& job) const;
  void join_process(const CallPtr& call);
  void is_process_alive(const CallPtr& call);
  void show_process(const CallPtr& call);
  void list_processes(const CallPtr& call);
  void terminate_process(const CallPtr& call);
  void kill_process(const CallPtr& call);

  static const std::unordered_map<std::string_view, Method>& methods();

  // submit.cpp: what apply, apply_async and start_process share. Who asks decides what acceptance is answered with.
  enum class Asker { pool, process };
  void submit(const CallPtr& call, Mode mode);
  void submit(const CallPtr& call, proto::Submission&& job, Mode mode, Asker asker, LargeArguments* large = nullptr);
  std::optional<std::uint64_t> earlier_fingerprint(const proto::Submission& job, uid_t uid, const LargeArguments* large) const;
  void refuse_streams(Call& call, const proto::Submission& job, const Error& error) const;
  void no_room_for_descriptors(Call& call, std::string_view pool) const;
  void withdraw(Token token);
  // retry.cpp
  void submit_retry(const CallPtr& call, Submit event, JobId retried, const std::string& key);
  // Somebody waits for that job's end, or soon will, or counts on it without.
  bool is_wanted(const Job& job) const;
  // One of its callers is gone.
  void cancel_if_unwanted(JobId id, std::string_view reason = "its caller went away");
  // remove.cpp
  bool forget(JobId id);
  // waiting_at_queue.cpp: as people see jobs, of which those that wait at a queue are `waiting`
  std::string waits_at_queue(const Job& job) const;
  JobState state_of(const Job& job) const;
  proto::Job view_of(const Job& job, WithHistory history) const;
  // Of the jobs that it counts as running.
  void show_waiting_at_queues(proto::PoolStatus& view, PoolNumber pool) const;
  // apply.cpp: the caller waits from here on
  void attach(const CallPtr& call, const Job& job);
  // apply_all.cpp: chunks of a call, each named by its place
  void submit_chunks(ChunksUnderWay& chunks, proto::ApplyAllRequest request, PoolNumber pool);
  ChunksUnderWay* chunks_of(Token token);
  void on_chunk_accepted(ChunksUnderWay& chunks, std::uint32_t place, const Job& job);
  void on_chunk_ended(ChunksUnderWay& chunks, std::uint32_t place, const Job* job);
  void on_chunk_refused(ChunksUnderWay& chunks, std::uint32_t place, std::string_view error, std::string parameters);
  void has_news(ChunksUnderWay& chunks);
  void tell_news(Token first);
  void write_news(ChunksUnderWay& chunks);
  std::function<void()> take_news(ChunksUnderWay& chunks, proto::ChunkEndingsWriter& news);
  bool tell_return(const ChunksUnderWay::Chunk& chunk, const ChunksUnderWay::End& end, proto::ChunkEndingsWriter& news) const;
  std::optional<proto::ChunkEnding> chunk_ending(const ChunksUnderWay::Chunk& chunk, std::optional<Result<std::string>> result);
  void read_next_from_disk(ChunksUnderWay& chunks);
  void drop_chunks(Token first);
  // answers.cpp
  enum class WithOutput { yes, no };
  void answer_ending(const CallPtr& call, const Job& job, WithOutput with_output);
  void make_ending(const CallPtr& call, const Job& job, WithOutput with_output, std::function<void()> handed_over);
  void answer_applied(const CallPtr& call, const Job& job);
  static void invalid_parameter(Call& call, const Error& error);
  // What a submission is refused with.
  struct ErrorAnswer {
    std::string_view name;
    std::string parameters;  // JSON
  };
  ErrorAnswer error_of(const Refused& refused, std::string_view pool) const;
  ErrorAnswer key_conflict(JobId id, std::string_view reason) const;
  static ErrorAnswer queue_full(std::string_view pool, std::size_t limit, std::string_view reason);
  static void queue_full(Call& call, std::string_view pool, std::size_t limit, std::string_view reason);
  void too_many_signals(Call& call, const Job& job) const;
  static void job_error(Call& call, std::string_view name, JobId id, std::string_view reason = {});
  // The job, with everything its worker has reported by now; null: the call was answered NoSuchJob.
  const Job* job_or_error(Call& call, JobId id);
  // Requires: no record of it. The id is of an earlier broker's time: what became of the job nobody knows any more, or somebody removed it.
  bool is_lost(JobId id) const { return id.value > 0 && id < engine_.core().inherited_below(); }

  // pool_answers.cpp
  static void no_such_pool(Call& call, std::string_view name);
  static ErrorAnswer pool_error(std::string_view error, std::string_view pool, std::string_view reason);
  static void pool_error(Call& call, std::string_view error, std::string_view pool, std::string_view reason);
  static void invalid_pool(Call& call, std::string_view field, std::string_view reason);
  // The pool that the request names; null: the call was answered NoSuchPool.
  const CorePool* pool_or_error(Call& call, const std::string& name);
  // The same for a request that is a name and nothing more.
  const CorePool* only_pool(Call& call);
  // There is one of that name, or there was and some of its jobs are remembered.
  bool knows_pool(std::string_view name) const;
  std::string why_not_running(std::string_view pool) const;
  // There is room for so many workers beside those of all other pools. Null: of a pool that is to be made.
  bool has_room_for(std::uint32_t workers, const CorePool* pool) const;
  // When what was said to the pool outlives the daemon.
  void reply_when_stored(const CallPtr& call);

  // process_start.cpp
  bool make_process_pool(Call& call);  // false: the call was answered
  void on_process_accepted(const CallPtr& call, const Job& job, Mode mode);
  // process_verbs.cpp
  proto::Process process_view(const Job& job) const;
  const Job* process_or_error(Call& call, const std::string& name);  // null: the call was answered NoSuchProcess
  const Job* only_process(Call& call);                               // likewise; of a request that is a name and nothing more
  void signal_process(const CallPtr& call, int signal);
  bool hears_signals(const Job& job) const;

  struct Pending {
    CallPtr call;
    Mode mode;
    SharedText key;
    std::string pool;
    Asker asker = Asker::pool;
  };

  // answers.cpp: until the last of these is dropped, the end of an apply is on its way to somebody, and its key is not forgotten.
  Delivery delivery_of(const Job& job);
  std::optional<std::int64_t> items_of(const Job& job) const;  // of a batch's chunk

  Engine& engine_;
  Outputs& outputs_;
  Surroundings surroundings_;
  Waiters appliers_;  // callers of Apply: when the last of them is gone, so is their job
  Waiters waiters_;   // whoever else waits for a job's end
  Waiters starters_;  // for its start or its end, whichever comes first
  Joiners joiners_;
  Processes processes_;
  EventFeed feed_;
  std::unordered_set<JobId> blocked_before_start_;  // that waits at a queue is told behind that it runs
  Deadlines deadlines_;
  Deliveries deliveries_{[this](JobId job) { engine_.delivered(job); }};
  std::unordered_map<Token, Pending> pending_;
  std::unordered_set<Token> abandoned_;          // likewise, of callers that are gone
  std::map<Token, ChunksUnderWay> chunk_calls_;  // calls of ApplyAll, by the first of their tokens
  std::vector<Token> with_news_;                 // those of them for which something has come in this turn
  struct Reloader {
    std::int64_t number;
    CallPtr call;
  };
  std::int64_t last_reload_ = 0;
  std::vector<Reloader> reloaders_;  // wait for a reload that ends this broker, or is refused
  std::uint64_t last_token_ = 0;
};

}  // namespace jobpool::broker
