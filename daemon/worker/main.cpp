// jobpool-worker: claims jobs from its own segment of shared memory, runs them one at a time, and reports. Started by jobpoold only.
// One thread, or as many beside it as its pool wants: functions only then. It never opens the store, the listening socket or a client's
// connection.
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/control/arguments.hpp"
#include "common/log.hpp"
#include "common/shm/claim_side.hpp"
#include "common/shm/segment.hpp"
#include "daemon/worker/arguments.hpp"
#include "daemon/worker/death_signal.hpp"
#include "daemon/worker/exit_guard.hpp"
#include "daemon/worker/function/built_in.hpp"
#include "daemon/worker/function/plugins.hpp"
#include "daemon/worker/loop.hpp"
#include "daemon/worker/spare.hpp"
#include "daemon/worker/threads.hpp"
#include "proto/version.hpp"

namespace jobpool::worker {
namespace {

constexpr int kUsage = 2;

// Signals that a terminal or a person sends to a whole group are for jobs and for the supervisor. A handler, not SIG_IGN: what a job
// starts would inherit "ignored".
void outlive_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::sigaction(signal, &action, nullptr);
}

// By which people, and tests, tell the ones that serve from those that wait. What it was executed by, a descriptor, gave it a number as its
// name.
void set_name(bool is_spare) { ::prctl(PR_SET_NAME, is_spare ? "jobpool-spare" : "jobpool-worker"); }

Result<void> prepare_process() {
  // The fixed descriptors came without close-on-exec.
  if (::close_range(control::kWorkerControlMemFd, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno_error("close_range");
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno_error("prctl(PR_SET_CHILD_SUBREAPER)");
  outlive_signals();
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // what functions print goes to the log line by line
  return {};
}

Result<shm::ClaimSide> map_segment() {
  const shm::SegmentFds fds{UniqueFd(control::kWorkerControlMemFd), UniqueFd(control::kWorkerToWorkerMemFd),
                            UniqueFd(control::kWorkerFromWorkerMemFd), UniqueFd(control::kWorkerPayloadMemFd),
                            UniqueFd(control::kWorkerEventFd)};
  return shm::ClaimSide::map(fds);
}

std::string plugin_sources(const Arguments& arguments) {
  std::string list;
  for (const std::string& directory : arguments.plugin_dirs) list += (list.empty() ? "" : ", ") + directory;
  return list.empty() ? "no directory (--plugin-dir)" : list;
}

Result<std::unique_ptr<ProcessTree>> make_tree(const Arguments& arguments) {
  if (arguments.cgroup.empty()) return make_subreaper_tree();
  auto tree = make_cgroup_tree(arguments.cgroup);
  if (tree) return tree;
  log::warn("{}, following processes without cgroups", tree.error().text);
  return make_subreaper_tree();
}

// For a trial before a reload (supervisor/program_check.hpp): that this program can be loaded.
int print_version() {
  std::printf("jobpool-worker %s\n", std::string{version()}.c_str());
  return EXIT_SUCCESS;
}

Result<int> live(const Arguments& arguments, shm::ClaimSide claims, FunctionTable table) {
  // Idle or in a function there is nothing to clear up when the supervisor dies. If it died before this, the loop sees the hang-up.
  if (auto armed = die_at_hangup(control::kWorkerSupervisorFd); !armed) return armed.error();
  const WorkerIdentity identity{arguments.number, arguments.instance, arguments.socket};
  Orders orders(control::kWorkerOrdersFd);
  {
    const Loading loading;
    load_plugins(arguments.plugin_dirs, table);
  }
  auto state = ProcessState::capture();
  if (!state) return state.error();
  const bool has_threads = claims.threads() > 1;
  FunctionRunner functions(std::move(table), plugin_sources(arguments), std::move(*state), orders, identity,
                           has_threads ? FunctionRunner::Threads::side_by_side : FunctionRunner::Threads::one);

  auto tree = make_tree(arguments);
  if (!tree) return tree.error();
  const CommandPlace place{identity, orders, control::kWorkerSupervisorFd, control::kWorkerOutputDirFd, arguments.output_limit};
  auto commands = CommandRunner::create(place, std::move(*tree));
  if (!commands) return commands.error();
  std::optional<Threads> threads;
  if (has_threads) {
    threads.emplace(claims, orders, functions);
    if (auto started = threads->start(); !started) return started.error();
  }
  return Loop(claims, orders, *commands, functions, threads ? &*threads : nullptr, control::kWorkerSupervisorFd).run();
}

// What every worker has to do, and a spare one has done before it is needed, comes first.
Result<int> begin(Arguments arguments) {
  if (auto prepared = prepare_process(); !prepared) return prepared.error();
  auto claims = map_segment();
  if (!claims) return claims.error();
  FunctionTable table;
  add_built_in(table);
  const bool is_spare = arguments.number.value == 0;
  set_name(is_spare);
  if (is_spare) {
    auto placed = wait_for_place(std::move(arguments), control::kWorkerSupervisorFd);
    if (!placed && placed.error().code == Errc::closed) return EXIT_SUCCESS;
    if (!placed) return placed.error();
    arguments = std::move(*placed);
    set_name(false);
  }
  auto status = live(arguments, std::move(*claims), std::move(table));
  if (!status) return Error{status.error().code, "worker " + std::to_string(arguments.number.value) + ": " + status.error().text};
  return status;
}

}  // namespace
}  // namespace jobpool::worker

int main(int argc, char** argv) {
  using namespace jobpool;
  if (argc == 2 && std::string_view{argv[1]} == "--version") return worker::print_version();
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  auto arguments = worker::parse_arguments(words);
  const auto logging = arguments ? start_logging("jobpool-worker", arguments->log_level) : Result<void>(arguments.error());
  if (!logging) {
    std::fprintf(stderr, "jobpool-worker: %s\n", logging.error().text.c_str());
    return worker::kUsage;
  }
  const auto status = worker::begin(std::move(*arguments));
  if (status) return *status;
  log::critical("{}, leaving", status.error().text);
  return EXIT_FAILURE;
}
