// Started one at a time, reaped here.
#include "daemon/supervisor/spare_workers.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/control/place.hpp"
#include "common/log.hpp"

namespace jobpool::supervisor {
namespace {

using std::chrono::milliseconds;

// Longer than a daemon needs to answer and a new worker to serve, much shorter than deaths usually are apart.
constexpr milliseconds kQuiet{50};

// As for a worker: who lives shorter cannot even start.
constexpr milliseconds kEarly{200};

void kill_process(const NewWorker& worker) { ::syscall(SYS_pidfd_send_signal, worker.child.process.get(), SIGKILL, nullptr, 0); }

}  // namespace

SpareWorkers::SpareWorkers(Loop& loop, WorkerStart& starting, std::size_t wanted, std::function<void()> on_gone)
    : loop_(loop), starting_(starting), wanted_(wanted), on_gone_(std::move(on_gone)), backoff_(kEarly) {}

void SpareWorkers::keep() {
  is_kept_ = true;
  wait_and_start();
}

void SpareWorkers::end() {
  is_kept_ = false;
  loop_.cancel(std::exchange(waiting_start_, Loop::Timer::none));
  for (auto& [pid, spare] : spares_) {
    spare.is_killed = true;
    kill_process(spare.worker);
  }
}

std::optional<NewWorker> SpareWorkers::give(const std::vector<std::string>& place) {
  for (auto one = spares_.begin(); one != spares_.end(); ++one) {
    Spare& spare = one->second;
    if (spare.is_killed || !control::send_place(spare.worker.liveness.get(), place)) continue;
    loop_.unwatch(spare.watch);
    NewWorker given = std::move(spare.worker);
    spares_.erase(one);
    return given;
  }
  return std::nullopt;
}

std::size_t SpareWorkers::ready() const {
  return static_cast<std::size_t>(std::ranges::count_if(spares_, [](const auto& one) { return !one.second.is_killed; }));
}

void SpareWorkers::wait_and_start() {
  if (!is_kept_ || waiting_start_ != Loop::Timer::none || ready() >= wanted_) return;
  const TimePoint now = Clock::now();
  waiting_start_ = loop_.at(std::max(now + kQuiet, backoff_.next_start(now)), [this] {
    waiting_start_ = Loop::Timer::none;
    start_one();
    wait_and_start();
  });
}

void SpareWorkers::start_one() {
  backoff_.on_start(Clock::now());
  auto started = start_and_watch();
  if (started) return;
  backoff_.on_death(Clock::now(), DeathCause::own_fault);
  log::warn("a spare worker: {}; trying again", started.error().text);
}

Result<void> SpareWorkers::start_and_watch() {
  auto worker = starting_.start(1, {});
  if (!worker) return worker.error();
  const pid_t pid = worker->child.pid;
  auto watch = loop_.watch(worker->child.process.get(), EPOLLIN, [this, pid](std::uint32_t) { on_exit(pid); });
  if (!watch) {  // its death would go unnoticed
    kill_process(*worker);
    ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED);
    return watch.error();
  }
  spares_.emplace(pid, Spare{std::move(*worker), *watch, Clock::now()});
  return {};
}

void SpareWorkers::on_exit(pid_t pid) {
  const auto found = spares_.find(pid);
  loop_.unwatch(found->second.watch);
  siginfo_t death{};
  ::waitid(P_PID, static_cast<id_t>(pid), &death, WEXITED | WNOHANG);
  if (!found->second.is_killed) {
    backoff_.on_start(found->second.started);
    backoff_.on_death(Clock::now(), death.si_code == CLD_KILLED && death.si_status == SIGKILL ? DeathCause::killed : DeathCause::own_fault);
    log::warn("a spare worker (pid {}) {} {}; starting another", pid, death.si_code == CLD_EXITED ? "exited with" : "died of signal",
              death.si_status);
  }
  spares_.erase(found);
  wait_and_start();
  on_gone_();
}

}  // namespace jobpool::supervisor
