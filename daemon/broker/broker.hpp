// The broker as a whole: loop, server, verbs, engine and the link to the supervisor, wired together.
// Made once by main; broker process, its one thread.
#pragma once

#include <sys/types.h>

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/broker/engine.hpp"
#include "daemon/broker/heap.hpp"
#include "daemon/broker/queue_keeper.hpp"
#include "daemon/broker/recovery.hpp"
#include "daemon/broker/rpc/outputs.hpp"
#include "daemon/broker/rpc/queue_verbs.hpp"
#include "daemon/broker/rpc/router.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/server/fd_watch.hpp"
#include "daemon/broker/server/server.hpp"
#include "daemon/broker/server/timer.hpp"
#include "daemon/broker/server/turn_loop.hpp"
#include "daemon/broker/server/wall_timer.hpp"
#include "daemon/broker/store/id_reservation.hpp"
#include "daemon/broker/store/store.hpp"
#include "daemon/broker/supervisor_link.hpp"
#include "daemon/broker/turn_clock.hpp"

namespace jobpool::broker {

struct BrokerOptions {
  int control_fd = -1;
  std::string instance;
  std::string state_dir;
  std::uint32_t workers = 1;
  int restarts = 0;
  std::optional<std::int64_t> reloads, failed_reloads;  // of this instance's supervisor, if it says so
  std::int64_t since_usec = 0;                          // CLOCK_BOOTTIME; when the instance began
  CoreLimits limits;
  LedgerSize ledger;
  std::optional<gid_t> access_group;  // whose members may connect as well
};

// Exit statuses that the supervisor knows.
inline constexpr int kExitTryAgain = 75;    // EX_TEMPFAIL; as any other but 78
inline constexpr int kExitCannotWork = 78;  // EX_CONFIG: starting another broker would not help

class Broker final : TurnHooks, EngineListener {
 public:
  explicit Broker(BrokerOptions options);
  // Runs until the supervisor says stop or is gone; the process's exit status.
  int run();

 private:
  // TurnHooks
  void end_turn() override;
  void ring_bells() override;
  bool prepare_to_sleep() override;
  void woke_up() override;

  // EngineListener
  void on_accepted(const Accepted& accepted) override;
  void on_refused(const Refused& refused) override;
  void on_started(const Job& job) override;
  void on_ended(const Job& job) override;
  void on_forgotten(const Forgotten& forgotten) override;
  void on_drained() override;
  bool is_awaited(JobId job) const override;
  void on_kill_worker(Incarnation worker) override;
  void on_signal_worker(Incarnation worker, int signal) override;
  void on_start_worker(WorkerNumber number, PoolNumber pool) override;
  void on_pool_left(PoolNumber pool) override;
  void on_pool_removed(PoolNumber pool) override;
  std::function<void()> announcement(const Job& job, JobState to) override;
  std::function<void()> announcement(const CorePool& pool) override;
  void on_store_failed(const Error& error) override;

  // handover.cpp: what the supervisor tells
  void on_message(control::Envelope envelope);
  void on_welcome(std::vector<UniqueFd> fds);
  void on_checkup();
  Result<void> build(UniqueFd ledger_fd, UniqueFd output_directory);
  Result<void> build_queues(std::vector<StoredQueue> durable);
  void on_worker_started(const control::Message& message, std::vector<UniqueFd> fds);
  void on_worker_died(const control::Message& message);
  void forget(Incarnation worker);
  void on_handover_done();
  void replace_older_workers();
  void on_retire_worker(Incarnation worker);
  void staff_pools();
  void listen();

  void drain_within(Microseconds time);
  void stop_now();
  void leave(int exit_status);

  // Work is in flight, or memory is to be given back.
  bool wants_audit() const;
  // The one timer of the steady clock: stop deadlines, waits with a time-out, and the audit while it is wanted.
  void arm_timer();
  void on_timer();
  // That of the wall's: jobs that wait for a point of time.
  void arm_wall_timer();
  void on_wall_timer();

  const BrokerOptions options_;
  TurnLoop loop_;
  TurnClock clock_;
  SupervisorLink link_;
  Timer timer_;
  Timer stop_timer_;
  TimePoint armed_for_ = TimePoint::max();
  WallTimer wall_timer_;
  std::int64_t wall_armed_for_ = std::numeric_limits<std::int64_t>::max();
  Heap heap_;
  TimePoint audit_at_ = TimePoint::max();  // max: nothing was in flight when last looked

  std::optional<IdReservation> ids_;
  std::unique_ptr<Store> store_;
  FdWatch store_watch_;
  std::optional<Outputs> outputs_;
  std::optional<Engine> engine_;
  std::optional<QueueKeeper> queues_;
  std::optional<QueueVerbs> queue_verbs_;
  std::optional<Verbs> verbs_;
  std::optional<Router> router_;
  std::optional<Server> server_;      // after what its calls refer to: it is destroyed first
  std::optional<Recovery> recovery_;  // until the handover is done
  std::vector<UniqueFd> listening_;

  struct Worker {
    WorkerNumber number;
    FdWatch watch;
  };
  std::map<Incarnation, Worker> workers_;
  std::vector<Incarnation> older_;             // of an older program; dismissed when the handover is done
  std::vector<Incarnation> dead_in_handover_;  // the supervisor keeps them for the next broker
  std::set<Incarnation> retiring_;             // a reload waits until these have left
  bool stopping_ = false;
  int exit_status_ = 0;
};

}  // namespace jobpool::broker
