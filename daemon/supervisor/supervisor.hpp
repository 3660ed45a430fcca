// The supervisor: which process lives when. Everything that happens arrives here: signals, the broker's messages, deaths, deadlines.
// jobpoold's main thread. It reads no shared memory and not a byte of any client, and waits for nobody.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/backoff.hpp"
#include "daemon/supervisor/broker_process.hpp"
#include "daemon/supervisor/checkup.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/installed_program.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/resume_record.hpp"
#include "daemon/supervisor/socket_watch.hpp"
#include "daemon/supervisor/spawner.hpp"
#include "daemon/supervisor/trial_run.hpp"
#include "daemon/supervisor/workers.hpp"

namespace jobpool::supervisor {

// Which signals are read from a descriptor. Blocks them for this thread and those it starts.
void block_signals();

class Supervisor {
 public:
  // Both must outlive it. Requires: block_signals() was called; nothing was spawned yet by this program.
  Supervisor(House& house, Loop loop, Spawner& spawner);

  enum class Left { nothing, something };
  struct End {
    int exit_code = 0;
    Left left = Left::nothing;  // something: a process that even SIGKILL did not end in time
  };
  // From the first broker's start until everything has ended. Errors: the broker's program cannot be started; io.
  Result<End> run();
  // The same, after a reload: with what the predecessor's record says.
  Result<End> go_on(const ResumeRecord& record);

 private:
  // In this order; a stop may begin anywhere and only goes on.
  enum class Phase { serving, draining, stopping_broker, stopping_workers, killing };

  enum class Reload { none, trying, waiting_for_workers, ending_broker };

  // For whom a reload is: of the broker's numbered wishes all up to this one; 0: none of these.
  using ReloadNumber = std::int64_t;

  // supervisor.cpp: the normal life
  Result<End> serve();
  Result<void> start_broker();
  void restart_broker();
  void hand_over();
  void send_welcome();
  void on_message(const control::Message& message);
  void on_ready();
  void on_broker_death(BrokerProcess::Death death);
  void on_signals();
  void on_signal(int signal);
  void watch_socket();
  void check_socket();

  // watchdog.cpp: for systemd, which wants to hear that all is well
  void feed_watchdog();
  bool may_feed_watchdog(std::chrono::microseconds patience);
  void on_healthy(const control::Message& healthy);

  // reload.cpp: becoming another program
  void reload(ReloadNumber number);
  void on_trial_end(const Result<TrialRun::Verdict>& trial);
  void wait_for_workers();
  void on_worker_forgotten();
  void change_over();
  void give_up_reload(const Error& why);
  void tell_reload_refused(ReloadNumber number);
  void forget_reload_numbers();
  ResumeRecord remember() const;

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
  TrialRun trial_;
  Workers workers_;
  UniqueFd signals_;

  Phase phase_ = Phase::serving;
  End end_;
  TimePoint drain_deadline_{};
  Loop::Timer phase_deadline_{};

  Backoff broker_backoff_;
  History history_;
  Reload reload_ = Reload::none;
  ReloadNumber reload_number_ = 0;             // of the trial under way
  std::optional<ReloadNumber> next_reload_{};  // asked for since that began
  std::string new_program_;
  bool tried_with_workers_ = false;  // there were some in what the new program was shown
  InstalledProgram broker_program_;
  bool was_ready_ = false;
  bool is_broker_ready_ = false;
  bool is_broker_proven_ = false;  // this program's brokers can be ready
  Checkup checkup_;
  Loop::Timer waiting_restart_{};

  std::optional<SocketWatch> socket_watch_;
  Loop::Watch socket_watch_handle_{};
  Loop::Timer waiting_check_{};
};

}  // namespace jobpool::supervisor
