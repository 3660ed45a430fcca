// `PROGRAM --resume-fd 3 … --check-config`, watched like any child.
#include "daemon/supervisor/trial_run.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "common/exit_status.hpp"
#include "daemon/supervisor/reexec.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::chrono::seconds kTrialPatience{30};  // it takes milliseconds; a program on a dead network disk takes for ever
constexpr int kResumeFd = 3;

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

}  // namespace

TrialRun::TrialRun(Loop& loop, Spawner& spawner, std::function<void(Result<Verdict>)> on_end)
    : loop_(loop), spawner_(spawner), on_end_(std::move(on_end)) {}

TrialRun::~TrialRun() {
  if (pid_ != 0) kill();
}

Result<void> TrialRun::start(const std::string& program, std::vector<std::string> arguments, int resume_file) {
  SpawnPlan plan;
  plan.program = program_ = program;
  plan.arguments = resume_arguments(std::move(arguments), kResumeFd);
  plan.arguments.emplace_back("--check-config");
  plan.environment = own_environment();
  plan.fds = {{resume_file, kResumeFd}};
  auto child = spawner_.spawn(plan);
  if (!child) return child.error();
  pid_ = child->pid;
  process_ = std::move(child->process);
  auto watch = loop_.watch(process_.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); });
  if (!watch) {
    kill();
    ::waitid(P_PID, static_cast<id_t>(std::exchange(pid_, 0)), nullptr, WEXITED);
    return watch.error();
  }
  watch_ = *watch;
  deadline_ = loop_.at(Clock::now() + kTrialPatience, [this] { kill(); });
  return {};
}

void TrialRun::kill() { ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0); }

void TrialRun::on_exit() {
  loop_.unwatch(std::exchange(watch_, Loop::Watch::none));
  loop_.cancel(std::exchange(deadline_, Loop::Timer::none));
  siginfo_t end{};
  ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &end, WEXITED | WNOHANG);
  process_.reset();
  pid_ = 0;
  if (end.si_code == CLD_EXITED && end.si_status == 0) return on_end_(Verdict::takes_over);
  if (end.si_code == CLD_EXITED && end.si_status == kExitOtherLayout) return on_end_(Verdict::waits_for_workers);
  const std::string how = end.si_code == CLD_EXITED ? "exit code " : "signal ";
  on_end_(Error{Errc::unsupported, program_ + " does not take over (" + how + std::to_string(end.si_status) + "; its reason is above)"});
}

}  // namespace jobpool::supervisor
