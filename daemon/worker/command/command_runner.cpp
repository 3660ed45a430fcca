// Streams, spawn, watch, report; see the header.
#include "daemon/worker/command/command_runner.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "common/clock.hpp"
#include "daemon/worker/command/exec_plan.hpp"
#include "daemon/worker/command/output_bound.hpp"
#include "daemon/worker/command/start_error.hpp"
#include "daemon/worker/command/streams.hpp"
#include "daemon/worker/command/watch.hpp"
#include "daemon/worker/death_signal.hpp"
#include "daemon/worker/left_children.hpp"

namespace jobpool::worker {
namespace {

sigset_t child_exits() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

// While a command runs: SIGCHLD is blocked, so that it can be waited for, and the supervisor's death does not kill the worker, so that
// the worker can kill the tree first. A worker in a function, or idle, has nothing to clear up and dies at once.
class RunningCommand {
 public:
  explicit RunningCommand(int supervisor_socket) : supervisor_socket_(supervisor_socket) {
    // A plugin that ignores SIGCHLD would have the kernel reap our children.
    ::signal(SIGCHLD, SIG_DFL);
    const sigset_t exits = child_exits();
    ::sigprocmask(SIG_BLOCK, &exits, &before_);
    outlive_hangup(supervisor_socket_);
  }
  ~RunningCommand() {
    die_at_hangup_again(supervisor_socket_);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

 private:
  int supervisor_socket_;
  sigset_t before_;
};

Report report_of(const Reaper& reaper, const CommandSpec& spec) {
  Report report;
  report.ended_usec = wall_usec();
  report.user_usec = reaper.usage().user_usec;
  report.system_usec = reaper.usage().system_usec;
  report.max_rss_bytes = reaper.usage().max_rss_bytes;
  const int status = reaper.command_status().value_or(SIGKILL);  // not reaped: it hangs in the kernel with a KILL pending
  report.ending = WIFSIGNALED(status) ? Ending::signalled : Ending::exited;
  report.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  if (report.ending == Ending::signalled && report.code == SIGXFSZ && spec.file_limit != 0)
    report.reason = "a file grew beyond the job's limit of " + std::to_string(spec.file_limit) + " bytes";
  return report;
}

CommandRunner::After after(Watch::End end) {
  switch (end) {
    case Watch::End::clean:
      return CommandRunner::After::go_on;
    case Watch::End::leftovers:
      return CommandRunner::After::leave;
    case Watch::End::supervisor_gone:
      break;
  }
  return CommandRunner::After::orphaned;
}

}  // namespace

Report not_started(int code, std::string reason) {
  Report report;
  report.ending = Ending::not_started;
  report.code = code;
  report.ended_usec = wall_usec();
  report.reason = std::move(reason);
  return report;
}

Result<CommandRunner> CommandRunner::create(CommandPlace place, std::unique_ptr<ProcessTree> tree) {
  Result<Spawner> spawner = Spawner::create();
  if (!spawner) return spawner.error();
  const sigset_t set = child_exits();
  UniqueFd exits(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!exits) return errno_error("signalfd");
  return CommandRunner(place, std::move(tree), std::move(*spawner), std::move(exits));
}

CommandRunner::CommandRunner(CommandPlace place, std::unique_ptr<ProcessTree> tree, Spawner spawner, UniqueFd exits)
    : place_(place), tree_(std::move(tree)), spawner_(std::move(spawner)), exits_(std::move(exits)), spares_(place.output_dir) {}

CommandRunner::Ended CommandRunner::run(const Attempt& attempt, const CommandSpec& spec, std::vector<UniqueFd> passed,
                                        const std::function<void(pid_t)>& on_started) {
  Result<Streams> streams = Streams::open(spec, attempt, place_.output_dir, spares_, std::move(passed));
  if (!streams) return {not_started(kOwnFailure, streams.error().text)};
  if (const auto begun = tree_->begin(attempt); !begun) return {not_started(kOwnFailure, begun.error().text)};

  reap_left_children();
  const RunningCommand running(place_.supervisor_socket);
  const ExecPlan plan(spec, attempt, place_.worker);
  auto started = spawner_.spawn({.plan = plan,
                                 .streams = {(*streams)[0].get(), (*streams)[1].get(), (*streams)[2].get()},
                                 .cwd = spec.cwd.empty() ? "/" : spec.cwd.c_str(),
                                 .umask = spec.umask,
                                 .nice = spec.nice,
                                 .file_limit = spec.file_limit,
                                 .memory_bytes = spec.memory_bytes,
                                 .cgroup = tree_->cgroup()});
  streams->close_passed();
  if (const auto* failure = std::get_if<SpawnFailure>(&started)) {
    tree_->end();
    const StartError error = explain(*failure, spec, plan);
    return {not_started(error.code, error.reason)};
  }
  const Spawned& command = std::get<Spawned>(started);
  on_started(command.pid);
  Reaper reaper(command.pid);
  Watch watch({command.pidfd.get(), exits_.get(), place_.supervisor_socket}, attempt.sequence, spec.grace,
              OutputBound(*streams, place_.output_limit), place_.orders, *tree_, reaper);
  const Watch::End end = watch.until_dead();
  tree_->end();
  Report report = report_of(reaper, spec);
  report.stopped = watch.has_stopped_it();
  // A shell that sees its child killed may leave by itself before its own turn comes.
  const bool ended_well = report.ending == Ending::exited && report.code == 0;
  if (!watch.excess().empty() && !ended_well) {
    report.ending = Ending::signalled;
    report.code = SIGKILL;
    report.reason = watch.excess();
  }
  return {std::move(report), after(end)};
}

}  // namespace jobpool::worker
