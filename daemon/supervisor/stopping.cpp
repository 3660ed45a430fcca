// The way out, in phases, each with its deadline: let jobs finish, end the broker, ask the workers to leave, kill, be gone.
// The broker leaves before the workers, so that it can still record what they report.

#include <chrono>
#include <utility>

#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace jobpool::supervisor {
namespace {

using control::Kind;
using control::Message;
using std::chrono::milliseconds;

constexpr milliseconds kDrainSlack{3000};    // beyond the deadline that the broker knows: it should have ended the rest itself by then
constexpr milliseconds kBrokerExit{2000};    // for a last commit
constexpr milliseconds kWorkersLeave{1000};  // for killing a command's tree
constexpr milliseconds kKilledDie{5000};     // longer is a process that hangs in the kernel

}  // namespace

void Supervisor::enter(Phase phase, TimePoint deadline, void (Supervisor::*on_deadline)()) {
  phase_ = phase;
  loop_.cancel(phase_deadline_);
  phase_deadline_ = loop_.at(deadline, [this, on_deadline] { (this->*on_deadline)(); });
}

void Supervisor::drain() {
  if (phase_ != Phase::serving) return;
  log::info("stopping: running jobs have {} s to finish", house_.settings.drain_time.count());
  notify("STOPPING=1\nSTATUS=letting running jobs finish");
  drain_deadline_ = Clock::now() + house_.settings.drain_time;
  enter(Phase::draining, drain_deadline_ + kDrainSlack, &Supervisor::stop_now);
  send_drain();
}

void Supervisor::send_drain() {
  Message message;
  message.kind = Kind::drain;
  message.usec = std::max<std::int64_t>(0, std::chrono::duration_cast<Microseconds>(drain_deadline_ - Clock::now()).count());
  broker_.tell(message);
}

void Supervisor::stop_now() {
  if (phase_ >= Phase::stopping_broker) return;
  log::info("stopping the broker");
  notify("STOPPING=1\nSTATUS=stopping");
  loop_.cancel(std::exchange(waiting_restart_, Loop::Timer::none));
  if (!broker_.is_alive()) return stop_workers();
  enter(Phase::stopping_broker, Clock::now() + kBrokerExit, &Supervisor::stop_workers);
  Message message;
  message.kind = Kind::stop_now;
  broker_.tell(message);
}

void Supervisor::stop_workers() {
  if (phase_ >= Phase::stopping_workers) return;
  broker_.kill();
  enter(Phase::stopping_workers, Clock::now() + kWorkersLeave, &Supervisor::kill_workers);
  workers_.ask_all_to_leave();
  workers_.sweep();
}

void Supervisor::kill_workers() {
  log::warn("killing the workers that did not leave");
  enter(Phase::killing, Clock::now() + kKilledDie, &Supervisor::abandon);
  workers_.kill_all();
  workers_.sweep();
}

void Supervisor::abandon() {
  log::error("something does not die; the next start will look for it");
  end_.left = Left::something;
  if (end_.exit_code == 0) end_.exit_code = 1;
  loop_.stop();
}

void Supervisor::leave_if_empty() {
  if (phase_ >= Phase::stopping_workers && !broker_.is_alive() && workers_.is_empty()) loop_.stop();
}

}  // namespace jobpool::supervisor
