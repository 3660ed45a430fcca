// The supervisor: which process lives when. Everything that happens arrives here: signals, the broker's messages, deaths, deadlines.
// jobpoold's main thread. It reads no shared memory and not a byte of any client, and waits for nobody.
#pragma once

#include <memory>
#include <optional>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/backoff.hpp"
#include "daemon/supervisor/broker_process.hpp"
#include "daemon/supervisor/instance.hpp"
#include "daemon/supervisor/listener.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/settings.hpp"
#include "daemon/supervisor/socket_watch.hpp"
#include "daemon/supervisor/spawner.hpp"
#include "daemon/supervisor/workers.hpp"

namespace jobpool::supervisor {

// What outlives every other process of the instance.
struct House {
  Settings settings;
  Instance instance;
  Listener listener;
  UniqueFd output_dir;
  UniqueFd ledger;
};

// Which signals are read from a descriptor. Blocks them for this thread and those it starts.
void block_signals();

class Supervisor {
 public:
  // `spawner` must outlive it. Requires: block_signals() was called; nothing was spawned yet.
  Supervisor(House& house, Loop loop, Spawner& spawner);

  enum class Left { nothing, something };
  struct End {
    int exit_code = 0;
    Left left = Left::nothing;  // something: a process that even SIGKILL did not end in time
  };
  // From the first broker's start until everything has ended. Errors: the broker's program cannot be started; io.
  Result<End> run();

 private:
  // In this order; a stop may begin anywhere and only goes on.
  enum class Phase { serving, draining, stopping_broker, stopping_workers, killing };

  // supervisor.cpp: the normal life
  Result<void> start_broker();
  void restart_broker();
  void hand_over();
  void send_welcome();
  void on_message(const control::Message& message);
  void on_ready();
  void on_broker_death(BrokerProcess::Death death);
  void on_signals();
  void on_signal(int signal);
  void reload();
  void watch_socket();
  void check_socket();
  void feed_watchdog();

  // stopping.cpp: the way out
  void drain();
  void send_drain();
  void stop_now();
  void stop_workers();
  void kill_workers();
  void abandon();
  void leave_if_empty();
  void enter(Phase phase, TimePoint deadline, void (Supervisor::*on_deadline)());

  House& house_;
  Loop loop_;
  BrokerProcess broker_;
  Workers workers_;
  UniqueFd signals_;

  Phase phase_ = Phase::serving;
  End end_;
  TimePoint drain_deadline_{};
  Loop::Timer phase_deadline_{};

  Backoff broker_backoff_;
  unsigned broker_starts_ = 0;
  bool reloading_ = false;
  bool was_ready_ = false;
  Loop::Timer waiting_restart_{};

  std::optional<SocketWatch> socket_watch_;
  Loop::Watch socket_watch_handle_{};
  Loop::Timer waiting_check_{};
};

}  // namespace jobpool::supervisor
