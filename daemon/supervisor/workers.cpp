// Births, deaths and burials.
#include "daemon/supervisor/workers.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "common/log.hpp"
#include "common/shm/layout.hpp"
#include "daemon/supervisor/process_scan.hpp"
#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {
namespace {

using control::Kind;
using control::Message;
using std::chrono::milliseconds;

// What a dead worker left behind dies at once, or hangs in the kernel. The jobs' callers must not wait for the latter.
constexpr milliseconds kBurialPatience{2000};

// The living and the unforgotten dead: a broker forgets a dead one in milliseconds.
constexpr std::size_t kMaxRemembered = 2 * kMaxWorkers;

std::string describe(std::int32_t code, std::int32_t value) {
  if (code == CLD_EXITED) return "exited with " + std::to_string(value);
  return "died of signal " + std::to_string(value);
}

DeathCause cause_of(std::int32_t code, std::int32_t value) {
  if (code == CLD_EXITED) return value == 0 ? DeathCause::as_told : DeathCause::own_fault;
  // TERM ends none but who runs the function of a process, and by somebody's wish.
  return value == SIGKILL || value == SIGTERM ? DeathCause::killed : DeathCause::own_fault;
}

}  // namespace

Workers::Workers(Loop& loop, Spawner& spawner, Plan plan, Tell tell, std::function<bool(pid_t)> is_other_child,
                 std::function<void()> on_progress)
    : loop_(loop),
      cgroup_(plan.cgroup),
      tell_(std::move(tell)),
      on_progress_(std::move(on_progress)),
      starting_(spawner, std::move(plan.launch)),
      spares_(loop, starting_, plan.spares, [this] { on_progress_(); }),
      orphans_([this, is_other_child = std::move(is_other_child)](pid_t pid) {
        return pids_.contains(pid) || spares_.contains(pid) || is_other_child(pid);
      }) {}

void Workers::start(WorkerNumber number, std::int32_t threads, std::int64_t note) {
  if (leaving_) return;
  if (threads < 1 || threads > static_cast<std::int32_t>(shm::kMaxThreads)) {
    log::warn("the broker asks for a worker {} of {} threads: ignoring it", number.value, threads);
    return;
  }
  if (number.value < 1 || number.value > kMaxWorkers || workers_.size() >= kMaxRemembered) {
    log::warn("the broker asks for a worker {} that cannot be: ignoring it", number.value);
    return;
  }
  Place& place = places_[number];
  if (place.occupied || place.held || place.waiting_start != Loop::Timer::none) {
    log::warn("the broker asks for worker {} twice: ignoring it", number.value);
    return;
  }
  place.note = note;
  place.threads = static_cast<std::uint32_t>(threads);
  wait_and_start(number, place);
}

void Workers::wait_and_start(WorkerNumber number, Place& place) {
  const TimePoint now = Clock::now();
  const TimePoint when = place.backoff.next_start(now);
  if (when <= now) return start_now(number);
  place.waiting_start = loop_.at(when, [this, number] {
    places_.at(number).waiting_start = Loop::Timer::none;
    start_now(number);
  });
}

void Workers::start_now(WorkerNumber number) {
  Place& place = places_.at(number);
  place.held = holding_;
  if (place.held) return;
  place.backoff.on_start(Clock::now());
  auto made = make(number, Incarnation{last_.value + 1});
  if (made) return;
  place.backoff.on_death(Clock::now(), DeathCause::own_fault);
  log::error("worker {}: {}; trying again", number.value, made.error().text);
  // Through the loop, never by recursion, even when there is no delay yet.
  place.waiting_start = loop_.at(place.backoff.next_start(Clock::now()), [this, number] {
    places_.at(number).waiting_start = Loop::Timer::none;
    start_now(number);
  });
}

Result<void> Workers::make(WorkerNumber number, Incarnation incarnation) {
  const std::uint32_t threads = places_.at(number).threads;
  auto made = give_or_start(threads, words_of(number, incarnation));
  if (!made) {
    if (cgroup_ != nullptr) cgroup_->remove(incarnation);
    return made.error();
  }
  last_ = incarnation;
  pids_.insert(made->child.pid);
  places_.at(number).occupied = true;
  Worker& worker = workers_[incarnation];
  worker = Worker{number,
                  State::alive,
                  made->child.pid,
                  std::move(made->child.process),
                  std::move(made->liveness),
                  std::move(made->orders),
                  std::move(made->segment)};
  worker.note = places_.at(number).note;
  // Cannot be watched: its death would go unnoticed, so it must not live. Its burial is done from here.
  if (!watch(incarnation, worker)) {
    send_signal(worker, SIGKILL);
    loop_.at(Clock::now() + kBurialPatience, [this, incarnation] { on_exit(incarnation); });
  }
  log::debug("worker {} started: incarnation {}, pid {}", number.value, incarnation.value, worker.pid);
  introduce(incarnation, worker, control::Origin::fresh);
  if (threads == 1) spares_.keep();
  return {};
}

Result<void> Workers::watch(Incarnation incarnation, Worker& worker) {
  auto watch = loop_.watch(worker.process.get(), EPOLLIN, [this, incarnation](std::uint32_t) { on_exit(incarnation); });
  if (!watch) return watch.error();
  worker.watch = *watch;
  return {};
}

// A spare has one thread: its memory was made before anybody knew for which pool.
Result<NewWorker> Workers::give_or_start(std::uint32_t threads, const std::vector<std::string>& place) {
  if (threads == 1)
    if (auto given = spares_.give(place)) return std::move(*given);
  return starting_.start(threads, place);
}

std::vector<std::string> Workers::words_of(WorkerNumber number, Incarnation incarnation) {
  std::vector<std::string> words{"--number", std::to_string(number.value), "--incarnation", std::to_string(incarnation.value)};
  if (cgroup_ == nullptr) return words;
  auto directory = cgroup_->make_for(incarnation);
  if (directory)
    words.insert(words.end(), {"--cgroup", std::move(*directory)});
  else
    log::warn("worker {}: {}; it follows its jobs without", number.value, directory.error().text);
  return words;
}

void Workers::introduce(Incarnation incarnation, const Worker& worker, control::Origin origin) {
  Message message;
  message.kind = Kind::worker_started;
  message.incarnation = incarnation;
  message.number = worker.number;
  message.pid = worker.pid;
  message.value = static_cast<std::int32_t>(origin);
  message.usec = worker.note;
  const shm::SegmentFds& segment = worker.segment;
  const int fds[] = {segment.control.get(), segment.to_worker.get(), segment.from_worker.get(),
                     segment.payload.get(), segment.eventfd.get(),   worker.orders.get()};
  tell_(message, fds);
}

void Workers::tell_death(Incarnation incarnation, const Worker& worker) {
  Message message;
  message.kind = Kind::worker_died;
  message.incarnation = incarnation;
  message.code = worker.code;
  message.value = worker.value;
  tell_(message, {});
}

void Workers::introduce_all() {
  for (const auto& [incarnation, worker] : workers_) {
    introduce(incarnation, worker, worker.program == Program::older ? control::Origin::older_program : control::Origin::inherited);
    if (worker.state == State::buried) tell_death(incarnation, worker);
  }
}

void Workers::drop_waiting_starts() {
  for (auto& [number, place] : places_) {
    loop_.cancel(std::exchange(place.waiting_start, Loop::Timer::none));
    place.held = false;
  }
}

void Workers::send_signal(const Worker& worker, int signal) const {
  if (worker.state == State::alive) ::syscall(SYS_pidfd_send_signal, worker.process.get(), signal, nullptr, 0);
}

void Workers::send(Incarnation incarnation, int signal) {
  const auto found = workers_.find(incarnation);
  // Dead already is no mistake: the broker could not know yet.
  if (found != workers_.end()) return send_signal(found->second, signal);
  log::warn("the broker wants signal {} sent to incarnation {}, which is not there: ignoring it", signal, incarnation.value);
}

void Workers::forget(Incarnation incarnation) {
  const auto found = workers_.find(incarnation);
  if (found != workers_.end() && found->second.state == State::buried) {
    workers_.erase(found);
    return;
  }
  log::warn("the broker forgets incarnation {}, which is not there or not dead: ignoring it", incarnation.value);
}

void Workers::ask_all_to_leave() {
  leaving_ = true;
  drop_waiting_starts();
  spares_.end();
  // Without a child a worker has nothing to clear up. One that is idle would not even notice: it sleeps on a word in shared memory.
  const auto parents = all_parents();
  for (auto& [incarnation, worker] : workers_) {
    worker.liveness.reset();
    if (!parents.contains(worker.pid)) send_signal(worker, SIGKILL);
  }
}

void Workers::kill_all() {
  leaving_ = true;
  spares_.end();
  for (auto& [incarnation, worker] : workers_) send_signal(worker, SIGKILL);
  if (cgroup_ != nullptr) cgroup_->kill_all();
}

void Workers::on_exit(Incarnation incarnation) {
  Worker& worker = workers_.at(incarnation);
  loop_.unwatch(std::exchange(worker.watch, Loop::Watch::none));
  siginfo_t death{};
  // Not reaped yet: the pid stays taken until everything of it is gone.
  ::waitid(P_PIDFD, static_cast<id_t>(worker.process.get()), &death, WEXITED | WNOHANG | WNOWAIT);
  worker.state = State::dying;
  worker.died = Clock::now();
  worker.code = death.si_code;
  worker.value = death.si_status;
  dying_.push_back(incarnation);
  if (cgroup_ != nullptr) cgroup_->kill(incarnation);
  places_.at(worker.number).backoff.on_death(Clock::now(), cause_of(worker.code, worker.value));
  expect_burial();
  sweep();
}

void Workers::expect_burial() {
  if (burial_deadline_ != Loop::Timer::none || dying_.empty()) return;
  burial_deadline_ = loop_.at(workers_.at(dying_.front()).died + kBurialPatience, [this] { bury_overdue(); });
}

void Workers::bury_overdue() {
  burial_deadline_ = Loop::Timer::none;
  const TimePoint overdue = Clock::now() - kBurialPatience;
  orphans_.give_up_waiting(overdue);
  while (!dying_.empty() && workers_.at(dying_.front()).died <= overdue) {
    const Incarnation incarnation = dying_.front();
    dying_.erase(dying_.begin());
    bury(incarnation, workers_.at(incarnation));
  }
  expect_burial();
}

void Workers::sweep() {
  orphans_state_ = orphans_.sweep();
  if (orphans_state_ == Orphans::State::dying) return;
  bury_dying();
  on_progress_();
}

void Workers::bury_dying() {
  loop_.cancel(std::exchange(burial_deadline_, Loop::Timer::none));
  for (const Incarnation incarnation : std::exchange(dying_, {})) bury(incarnation, workers_.at(incarnation));
}

void Workers::bury(Incarnation incarnation, Worker& worker) {
  siginfo_t death{};
  ::waitid(P_PIDFD, static_cast<id_t>(worker.process.get()), &death, WEXITED | WNOHANG);
  worker.state = State::buried;
  worker.process.reset();
  worker.liveness.reset();
  pids_.erase(worker.pid);
  if (cgroup_ != nullptr) cgroup_->remove(incarnation);
  places_.at(worker.number).occupied = false;
  const bool expected = leaving_ || cause_of(worker.code, worker.value) == DeathCause::as_told;
  const auto level = expected ? log::Level::debug : log::Level::warn;
  log::write(level, "worker {} (incarnation {}, pid {}) {}; the broker is told", worker.number.value, incarnation.value, worker.pid,
             describe(worker.code, worker.value));
  tell_death(incarnation, worker);
}

bool Workers::is_empty() const {
  return pids_.empty() && spares_.empty() && orphans_state_ == Orphans::State::none && !orphans_.has_hung();
}

}  // namespace jobpool::supervisor
