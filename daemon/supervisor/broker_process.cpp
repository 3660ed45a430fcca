// Starting, talking, noticing the end.
#include "daemon/supervisor/broker_process.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "common/control/arguments.hpp"
#include "common/log.hpp"
#include "common/socket.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::chrono::seconds kExitPatience{2};

// Between attempts to send what the kernel refused: as many descriptors as may be are on their way, and nothing tells when they are taken.
constexpr std::chrono::milliseconds kRefusedPause{100};

// So that a broker that never stops talking does not keep the signals from being heard.
constexpr int kMessagesPerTurn = 256;

std::string in_seconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

BrokerProcess::BrokerProcess(Loop& loop, Spawner& spawner, Handlers handlers, Patience patience)
    : loop_(loop), spawner_(spawner), handlers_(std::move(handlers)), patience_(patience) {}

Result<void> BrokerProcess::start(SpawnPlan plan) {
  auto pair = seqpacket_pair();
  if (!pair) return pair.error();
  plan.fds.push_back({pair->second.get(), control::kBrokerControlFd});
  auto child = spawner_.spawn(plan);
  if (!child) return child.error();
  pid_ = child->pid;
  process_ = std::move(child->process);
  control_ = std::move(pair->first);
  outbox_ = Outbox{};
  is_ready_ = false;
  auto process_watch = loop_.watch(process_.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); });
  // Edge-triggered: what is kept may have been refused by the kernel, while the socket itself would always seem writable.
  auto control_watch = loop_.watch(control_.get(), EPOLLIN | EPOLLOUT | EPOLLET, [this](std::uint32_t) { on_control(); });
  if (process_watch) process_watch_ = *process_watch;
  if (control_watch) control_watch_ = *control_watch;
  if (process_watch && control_watch) {
    start_deadline_ = loop_.at(Clock::now() + patience_.start, [this] {
      start_deadline_ = Loop::Timer::none;
      give_up("is not ready after " + in_seconds(patience_.start) + "; is its disk dead?");
    });
    return {};
  }
  kill();
  ::waitid(P_PID, static_cast<id_t>(std::exchange(pid_, 0)), nullptr, WEXITED);
  close_control();
  loop_.unwatch(std::exchange(process_watch_, Loop::Watch::none));
  return process_watch ? control_watch.error() : process_watch.error();
}

void BrokerProcess::kill() {
  if (pid_ != 0) ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
}

void BrokerProcess::give_up(const std::string& why) {
  log::error("broker (pid {}): {}; killing it", pid_, why);
  close_control();
  kill();
}

void BrokerProcess::close_control() {
  loop_.unwatch(std::exchange(control_watch_, Loop::Watch::none));
  for (Loop::Timer* timer : {&start_deadline_, &reading_deadline_, &retry_}) loop_.cancel(std::exchange(*timer, Loop::Timer::none));
  control_.reset();
  outbox_ = Outbox{};
}

void BrokerProcess::tell(const control::Message& message, std::span<const int> fds) {
  if (!control_) return;
  auto put = outbox_.put(control_.get(), message, fds);
  // A closed socket is the broker's end, which its process tells.
  if (!put && put.error().code != Errc::closed) return give_up(put.error().text);
  watch_progress();
}

// One timer while something waits for a ready broker; each time it is due, at least one message must have been taken since. What the kernel
// does not take, the broker cannot: that is tried again.
void BrokerProcess::watch_progress() {
  if (outbox_.was_refused() && retry_ == Loop::Timer::none)
    retry_ = loop_.at(Clock::now() + kRefusedPause, [this] {
      retry_ = Loop::Timer::none;
      send_kept();
    });
  if (outbox_.is_empty() || !is_ready_) {
    loop_.cancel(std::exchange(reading_deadline_, Loop::Timer::none));
    return;
  }
  if (reading_deadline_ != Loop::Timer::none) return;
  reading_deadline_ = loop_.at(Clock::now() + patience_.reading, [this, sent = outbox_.sent()] {
    reading_deadline_ = Loop::Timer::none;
    if (outbox_.sent() == sent && !outbox_.was_refused()) return give_up("has read nothing for " + in_seconds(patience_.reading));
    watch_progress();
  });
}

void BrokerProcess::on_ready() {
  is_ready_ = true;
  loop_.cancel(std::exchange(start_deadline_, Loop::Timer::none));
  watch_progress();
}

void BrokerProcess::on_control() {
  if (read_messages(kMessagesPerTurn) && control_) send_kept();
}

void BrokerProcess::send_kept() {
  auto flushed = outbox_.flush(control_.get());
  if (!flushed && flushed.error().code != Errc::closed) return give_up(flushed.error().text);
  watch_progress();
}

bool BrokerProcess::read_messages(int most) {
  for (int taken = 0; taken < most; ++taken) {
    if (!control_) return false;  // a handler gave up
    auto envelope = control::receive(control_.get());
    if (!envelope) {
      if (envelope.error().code == Errc::full) return true;
      if (envelope.error().code == Errc::closed) {
        on_hangup();
      } else {
        give_up(envelope.error().text);
      }
      return false;
    }
    if (envelope->message.kind == control::Kind::ready) on_ready();
    handlers_.on_message(envelope->message);
  }
  loop_.rearm(control_watch_);
  return true;
}

// Usually it exits, and its exit code matters: it gets the time to.
void BrokerProcess::on_hangup() {
  close_control();
  reading_deadline_ = loop_.at(Clock::now() + kExitPatience, [this] {
    reading_deadline_ = Loop::Timer::none;
    give_up("has hung up, but does not exit");
  });
}

void BrokerProcess::on_exit() {
  // Its last words count: it may have said that everything is drained.
  read_messages(std::numeric_limits<int>::max());
  close_control();
  loop_.unwatch(std::exchange(process_watch_, Loop::Watch::none));
  siginfo_t death{};
  ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &death, WEXITED | WNOHANG);
  process_.reset();
  pid_ = 0;
  handlers_.on_death({death.si_code, death.si_status});
}

}  // namespace jobpool::supervisor
