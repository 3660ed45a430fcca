// What one `jobpool` command costs a script, process start included, beside a minimal client (the floor), task-spooler and nq.
//   verb_processes [--runs=300] [--warm-up=20] [--peers=1]
// The kinds take turns, run by run. Each run is posix_spawn (which is vfork and exec) to wait. The floor of `apply-async` is a minimal
// client that is answered at once; of `apply`, one that is answered when a command has run.
#include <sys/wait.h>

#include <algorithm>
#include <optional>
#include <vector>

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
  std::vector<double> samples = {};

  void run() const { run_to_end(argv); }
  void measure() {
    samples.push_back(median_of(1, [&] { run(); }));
  }
};

std::vector<Command> our_commands(const PrivateDaemon& daemon, const MinimalDaemon& minimal) {
  const auto jobpool = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {program("jobpool"), "--no-autostart", "--socket", daemon.socket()});
    return words;
  };
  const std::string client = bench_program("minimal_client");
  return {{"apply", jobpool({"apply", "--", "true"})},
          {"apply_async", jobpool({"apply-async", "--ephemeral", "--", "true"})},
          {"minimal.run", {client, minimal.socket(), "run"}},
          {"minimal", {client, minimal.socket()}},
          {"apply_async.durable", jobpool({"apply-async", "--", "true"})},
          {"ping", jobpool({"ping"})},
          {"no_call", {program("jobpool"), "--version"}},
          {"sh_true", {"/bin/sh", "-c", "true"}},
          {"bin_true", {"/bin/true"}}};
}

const std::vector<double>& samples_of(const std::vector<Command>& commands, const std::string& key) {
  static const std::vector<double> kNone;
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) { return command.key == key; });
  return found == commands.end() ? kNone : found->samples;
}

}  // namespace

int verb_processes(int argc, char** argv) {
  const testing::TempDir folder;
  const MinimalDaemon minimal(folder.path());
  const PrivateDaemon daemon(1);
  std::vector<Command> commands = our_commands(daemon, minimal);
  std::optional<TaskSpooler> task_spooler;
  if (option(argc, argv, "peers", 1) != 0) {
    if (TaskSpooler::is_installed()) {
      task_spooler.emplace(folder.path());
      commands.push_back({"tsp.run", {installed("tsp"), "-nf", "true"}});
      commands.push_back({"tsp", {installed("tsp"), "-n", "true"}});
    }
    ::setenv("NQDIR", folder.path().c_str(), 1);
    if (!installed("nq").empty()) commands.push_back({"nq", {installed("nq"), "-q", "true"}});
  }
  for (long warm_up = option(argc, argv, "warm-up", 20); warm_up > 0; --warm_up)
    for (const Command& command : commands) command.run();
  for (long left = option(argc, argv, "runs", 300); left > 0; --left)
    for (Command& command : commands) command.measure();
  for (const Command& command : commands) print_figure("process." + command.key, command.samples, "us");
  const auto print_against = [&](const std::string& ours, const std::string& other) {
    print_ratio(ours + "/" + other, samples_of(commands, ours), samples_of(commands, other));
  };
  print_against("apply_async", "minimal");
  print_against("apply", "minimal.run");
  print_against("apply_async", "tsp");
  print_against("apply", "tsp.run");
  print_against("apply_async", "nq");
  return 0;
}

}  // namespace jobpool::bench
