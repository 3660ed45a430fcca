// What one `jobpool` command costs a script, process start included, beside a minimal client (the floor), task-spooler and nq.
//   verb_processes [--one-cpu] [--rounds=7] [--runs=100] [--warm-up=20] [--peers=1]
// Each round takes --runs samples of each kind, and a figure is their median. The kinds take turns, run by run, each beside what it is
// compared with, and every other turn the other way round, so that nobody always follows the same neighbour. What a run leaves behind (the
// job it submitted) has ended before the next begins: it would be paid for by whoever comes next. Each run is posix_spawn (which is vfork
// and exec) to wait. The floor of `apply-async` is a minimal client that is answered at once; of `apply`, one that is answered when a
// command has run. `apply_async.paused` submits to a pool that is paused: the submission alone, as the floor is. Of an idle pool
// (`apply_async`) the job is begun at once, and where client and worker share a CPU most of it is run before the client's last steps.
#include <sys/wait.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/minimal_daemon.hpp"
#include "tests/bench/peers/command_tools.hpp"
#include "tests/bench/peers/peer_server.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

struct Command {
  std::string key;
  std::vector<std::string> argv;
  // Returns when what a run leaves behind has ended; none: it leaves nothing.
  std::function<void()> settle = {};
  std::function<void()> prepare = {};  // before each run, not measured
  std::vector<double> samples = {};    // of this round
  std::vector<double> medians = {};    // one a round

  // How long it took, in microseconds.
  double run() const {
    if (prepare) prepare();
    const auto begin = Clock::now();
    run_to_end(argv);
    const double took = microseconds_since(begin);
    if (settle) settle();
    return took;
  }
  void measure() { samples.push_back(run()); }
  void end_round() {
    medians.push_back(percentile(samples, 0.5));
    samples.clear();
  }
};

// `pool`: of the daemon, whose only worker takes one job after the other, so that a call ends after all that was submitted before.
std::vector<Command> our_commands(const PrivateDaemon& daemon, const Pool& pool, const MinimalDaemon& minimal) {
  const auto jobpool = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {program("jobpool"), "--no-autostart", "--socket", daemon.socket()});
    return words;
  };
  const std::string client = bench_program("minimal_client");
  const auto settle = [&pool] { pool.apply_text("noop", "[]"); };
  const auto pause = [&pool] { pool.pause(); };
  const auto resume_and_settle = [&pool] {
    pool.resume();
    pool.apply_text("noop", "[]");
  };
  return {{"apply_async", jobpool({"apply-async", "--ephemeral", "--", "true"}), settle},
          {"minimal", {client, minimal.socket()}},
          {"apply_async.paused", jobpool({"apply-async", "--ephemeral", "--", "true"}), resume_and_settle, pause},
          {"apply", jobpool({"apply", "--", "true"})},
          {"minimal.run", {client, minimal.socket(), "run"}},
          {"apply_async.durable", jobpool({"apply-async", "--", "true"}), settle},
          {"ping", jobpool({"ping"})},
          {"no_call", {program("jobpool"), "--version"}},
          {"sh_true", {"/bin/sh", "-c", "true"}},
          {"bin_true", {"/bin/true"}}};
}

void add_peers(std::vector<Command>& commands, std::optional<TaskSpooler>& task_spooler, const std::string& folder) {
  if (TaskSpooler::is_installed()) {
    task_spooler.emplace(folder);
    const std::string tsp = installed("tsp");
    commands.push_back({"tsp.run", {tsp, "-nf", "true"}});
    commands.push_back({"tsp", {tsp, "-n", "true"}, [tsp] { run_to_end({tsp, "-w"}); }});
  }
  ::setenv("NQDIR", folder.c_str(), 1);
  if (const std::string nq = installed("nq"); !nq.empty()) commands.push_back({"nq", {nq, "-q", "true"}, [nq] { run_to_end({nq, "-w"}); }});
}

// Each once.
void take_turns(std::vector<Command>& commands, bool backwards) {
  if (backwards) {
    std::for_each(commands.rbegin(), commands.rend(), [](Command& command) { command.measure(); });
  } else {
    std::for_each(commands.begin(), commands.end(), [](Command& command) { command.measure(); });
  }
}

const std::vector<double>& medians_of(const std::vector<Command>& commands, const std::string& key) {
  static const std::vector<double> kNone;
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) { return command.key == key; });
  return found == commands.end() ? kNone : found->medians;
}

}  // namespace

int verb_processes(int argc, char** argv) {
  const testing::TempDir folder;
  const MinimalDaemon minimal(folder.path());
  const PrivateDaemon daemon(1);
  const Client client(daemon.socket());
  const Pool pool = client.pool();
  std::vector<Command> commands = our_commands(daemon, pool, minimal);
  std::optional<TaskSpooler> task_spooler;
  if (option(argc, argv, "peers", 1) != 0) add_peers(commands, task_spooler, folder.path());
  for (long warm_up = option(argc, argv, "warm-up", 20); warm_up > 0; --warm_up)
    for (const Command& command : commands) command.run();
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    for (long left = option(argc, argv, "runs", 100); left > 0; --left) take_turns(commands, left % 2 != 0);
    for (Command& command : commands) command.end_round();
  }
  for (const Command& command : commands) print_figure("process." + command.key, command.medians, "us");
  const auto print_against = [&](const std::string& ours, const std::string& other) {
    print_ratio(ours + "/" + other, medians_of(commands, ours), medians_of(commands, other));
  };
  print_against("apply_async", "minimal");
  print_against("apply_async.paused", "minimal");
  print_against("apply", "minimal.run");
  print_against("apply_async", "tsp");
  print_against("apply", "tsp.run");
  print_against("apply_async", "nq");
  return 0;
}

}  // namespace jobpool::bench
