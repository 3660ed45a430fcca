// The normal life: brokers come and go, workers live on.
#include "daemon/supervisor/supervisor.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <chrono>
#include <utility>
#include <vector>

#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/launch.hpp"

namespace jobpool::supervisor {
namespace {

using control::Kind;
using control::Message;

// A broker that lived shorter than this is suspected to crash at every start.
constexpr std::chrono::milliseconds kEarlyBrokerDeath{1000};

// Exit code EX_CONFIG: whatever is wrong, starting again does not help.
constexpr int kHopeless = 78;

// While the socket's directory is gone or its name is taken.
constexpr std::chrono::seconds kSocketRetry{10};

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

Workers::Plan worker_plan(House& house) {
  const Settings& settings = house.settings;
  return {{settings.program_dir + "/jobpool-worker", worker_arguments(settings, house.instance.id), worker_environment(house.instance.id),
           house.output_dir.get()},
          house.cgroup ? &*house.cgroup : nullptr,
          settings.spare_workers};
}

Message message_of(Kind kind) {
  Message message;
  message.kind = kind;
  return message;
}

}  // namespace

void block_signals() {
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // who started us may have ignored it, which execve keeps: then no child would have an exit status
}

Supervisor::Supervisor(House& house, Loop loop, Spawner& spawner)
    : house_(house),
      loop_(std::move(loop)),
      broker_(loop_, spawner, {[this](const Message& message) { on_message(message); }, [this](auto death) { on_broker_death(death); }},
              {}),
      trial_(loop_, spawner, [this](const Result<TrialRun::Verdict>& trial) { on_trial_end(trial); }),
      workers_(
          loop_, spawner, worker_plan(house), [this](const Message& message, std::span<const int> fds) { broker_.tell(message, fds); },
          [this](pid_t pid) { return pid == broker_.pid() || pid == trial_.pid(); }, [this] { leave_if_empty(); }),
      broker_backoff_(kEarlyBrokerDeath),
      broker_program_(house.settings.program_dir + "/jobpool-broker") {}

Result<Supervisor::End> Supervisor::run() {
  workers_.begin();
  return serve();
}

Result<Supervisor::End> Supervisor::go_on(const ResumeRecord& record) {
  history_ = record.history;
  ++history_.reloads;
  was_ready_ = true;  // a broker that cannot start must not end the daemon: jobs run
  auto taken = workers_.take_over(record.workers);
  if (!taken) return taken.error();
  log::info("reloaded; instance {}, {} workers to be replaced", house_.instance.id, record.workers.workers.size());
  return serve();
}

Result<Supervisor::End> Supervisor::serve() {
  const sigset_t signals = handled_signals();
  signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return errno_error("signalfd");
  auto watched = loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signals(); });
  if (!watched) return watched.error();
  if (was_ready_)
    restart_broker();  // what cannot be started now is tried again: jobs run
  else if (auto started = start_broker(); !started)
    return started.error();
  watch_socket();
  check_socket();  // it may have vanished before it was watched
  feed_watchdog();
  auto ran = loop_.run();
  if (!ran) return ran.error();
  return end_;
}

Result<void> Supervisor::start_broker() {
  // One that was never ready may have been mended since.
  if (!is_broker_proven_) broker_program_.look_again();
  SpawnPlan plan;
  plan.program = broker_program_.path();
  plan.file = broker_program_.file();
  plan.arguments = broker_arguments(house_.settings, house_.instance, history_);
  plan.environment = broker_environment(house_.instance.id);
  auto started = broker_.start(std::move(plan));
  if (!started) return started;
  ++history_.broker_starts;
  broker_backoff_.on_start(Clock::now());
  log::debug("broker started, pid {}", broker_.pid());
  hand_over();
  return {};
}

void Supervisor::hand_over() {
  send_welcome();
  workers_.introduce_all();
  broker_.tell(message_of(Kind::handover_done));
  if (reload_ == Reload::waiting_for_workers) workers_.retire_all();
  if (phase_ == Phase::draining) send_drain();
}

void Supervisor::send_welcome() {
  std::vector<int> fds{house_.ledger.get(), house_.output_dir.get()};
  for (const int socket : house_.listener.fds()) fds.push_back(socket);
  broker_.tell(message_of(Kind::welcome), fds);
}

void Supervisor::restart_broker() {
  waiting_restart_ = Loop::Timer::none;
  auto started = start_broker();
  if (started) return;
  broker_backoff_.on_start(Clock::now());
  broker_backoff_.on_death(Clock::now(), DeathCause::own_fault);
  log::error("{}; trying again", started.error().text);
  waiting_restart_ = loop_.at(broker_backoff_.next_start(Clock::now()), [this] { restart_broker(); });
}

void Supervisor::on_message(const Message& message) {
  switch (message.kind) {
    case Kind::start_worker:
      return workers_.start(message.number, message.value, message.usec);
    case Kind::kill_worker:
      return workers_.send(message.incarnation, SIGKILL);
    case Kind::signal_worker:
      return workers_.send(message.incarnation, message.value);
    case Kind::forget_worker:
      workers_.forget(message.incarnation);
      return on_worker_forgotten();
    case Kind::ready:
      return on_ready();
    case Kind::drained:
      if (phase_ == Phase::draining) stop_now();
      return;
    case Kind::shutdown:
      return message.value == 1 ? stop_now() : drain();
    case Kind::reload:
      return reload(message.usec);
    case Kind::healthy:
      return on_healthy(message);
    default:
      log::warn("the broker sends a message of kind {}, which is ours to send: ignoring it", static_cast<unsigned>(message.kind));
  }
}

void Supervisor::on_ready() {
  if (phase_ != Phase::serving) return;
  is_broker_ready_ = is_broker_proven_ = true;
  if (!std::exchange(was_ready_, true)) log::info("serving on {}, instance {}", house_.listener.path(), house_.instance.id);
  notify("READY=1\nSTATUS=serving on " + house_.listener.path());
}

void Supervisor::on_broker_death(BrokerProcess::Death death) {
  is_broker_ready_ = false;
  checkup_.forget();
  forget_reload_numbers();
  workers_.drop_waiting_starts();
  if (reload_ == Reload::ending_broker) {
    reload_ = Reload::none;
    if (phase_ == Phase::serving) return change_over();
  }
  if (phase_ == Phase::stopping_broker) return stop_workers();
  if (phase_ > Phase::stopping_broker) return leave_if_empty();
  const bool exited = death.code == CLD_EXITED;
  if (exited && death.value == kHopeless) {
    log::error("the broker says that it cannot work (exit code {}); stopping", kHopeless);
    end_.exit_code = kHopeless;
    return stop_now();
  }
  broker_backoff_.on_death(Clock::now(), exited || death.value != SIGKILL ? DeathCause::own_fault : DeathCause::killed);
  if (!was_ready_ && broker_backoff_.early_deaths() >= Backoff::kFreeDeaths) {
    log::error("the broker died {} times without ever being ready; giving up", broker_backoff_.early_deaths());
    end_.exit_code = 1;
    return stop_now();
  }
  log::error("broker {} {}; starting another, the workers live on", exited ? "exited with" : "died of signal", death.value);
  notify("STATUS=starting another broker");
  waiting_restart_ = loop_.at(broker_backoff_.next_start(Clock::now()), [this] { restart_broker(); });
}

void Supervisor::on_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) on_signal(static_cast<int>(info.ssi_signo));
}

void Supervisor::on_signal(int signal) {
  switch (signal) {
    case SIGCHLD:
      return workers_.sweep();
    case SIGTERM:
      return drain();
    case SIGHUP:
      return reload(0);
    default:
      return stop_now();
  }
}

void Supervisor::watch_socket() {
  loop_.unwatch(std::exchange(socket_watch_handle_, Loop::Watch::none));
  socket_watch_.reset();
  if (house_.listener.is_activated()) return;
  auto watch = SocketWatch::start(house_.listener.path());
  if (!watch) return log::warn("{}; if the socket vanishes, nobody will notice", watch.error().text);
  socket_watch_.emplace(std::move(*watch));
  auto handle = loop_.watch(socket_watch_->fd(), EPOLLIN, [this](std::uint32_t) {
    if (socket_watch_->read() == SocketWatch::Change::maybe_ours) check_socket();
  });
  if (handle) socket_watch_handle_ = *handle;
}

void Supervisor::check_socket() {
  loop_.cancel(std::exchange(waiting_check_, Loop::Timer::none));
  if (phase_ != Phase::serving || house_.listener.is_in_place()) return;
  auto bound = house_.listener.bind_again();
  if (!bound) {
    log::error("the socket has vanished and cannot be made again: {}; trying again in {} s", bound.error().text, kSocketRetry.count());
    waiting_check_ = loop_.at(Clock::now() + kSocketRetry, [this] { check_socket(); });
    return;
  }
  log::warn("socket {} had vanished; made it again", house_.listener.path());
  watch_socket();  // its directory may be another one, too
  send_welcome();
}

}  // namespace jobpool::supervisor
