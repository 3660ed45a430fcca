// What a daemon with two workers costs while it has nothing to do: memory (PSS, summed over its processes), wake-ups and time on a
// processor; beside the memory of the peers' servers.
//   idle [--milliseconds=10000] [--rounds=1] [--workers=2] [--peers=1]
// The floor is one process that waits: /bin/sleep has that little memory, and no wake-ups.
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/beanstalkd.hpp"
#include "tests/bench/peers/command_tools.hpp"
#include "tests/bench/peers/gearmand.hpp"
#include "tests/bench/peers/python_pool.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/bench/process_facts.hpp"

namespace jobpool::bench {
namespace {

constexpr double kMebibyte = 1024 * 1024;

void print_memory(const std::string& name, const std::vector<pid_t>& pids) {
  print_figure(name + ".memory", {pss_bytes(pids) / kMebibyte}, "MiB");
}

void print_peers(const std::string& folder) {
  if (const auto beanstalkd = Beanstalkd::start(folder, Beanstalkd::Log::none, 0)) print_memory("beanstalkd", {beanstalkd->pid()});
  if (const std::string program = Gearmand::find_program(); !program.empty())
    print_memory("gearmand", {Gearmand(program, folder, Gearmand::Queue::memory).pid()});
  if (TaskSpooler::is_installed()) {
    const TaskSpooler server(folder);
    print_memory("tsp", {server.pid()});
  }
  if (const auto python = PythonPool::start(2)) print_memory("python", family_of(python->pid()));
}

void print_floor() {
  const pid_t sleeper = spawn_server({"/bin/sleep", "infinity"});
  print_memory("sleep", {sleeper});
  ::kill(sleeper, SIGKILL);
  ::waitpid(sleeper, nullptr, 0);
}

}  // namespace

int idle(int argc, char** argv) {
  const int milliseconds = static_cast<int>(option(argc, argv, "milliseconds", 10'000));
  const int workers = static_cast<int>(option(argc, argv, "workers", 2));
  const PrivateDaemon daemon(workers);
  if (workers > 0) daemon.wait_for_spare();
  const std::vector<pid_t> pids = family_of(daemon.supervisor_pid());
  std::vector<double> wake_ups, cpu, memory;
  for (long round = option(argc, argv, "rounds", 1); round > 0; --round) {
    // What the last jobs left to be done (a commit, a worker's last look) is not idleness.
    ::poll(nullptr, 0, std::min(milliseconds, 1'500));
    const Activity before = activity_of(pids);
    ::poll(nullptr, 0, milliseconds);
    const Activity after = activity_of(pids);
    const double seconds = milliseconds / 1000.0;
    wake_ups.push_back(static_cast<double>(after.wake_ups - before.wake_ups) / seconds);
    cpu.push_back((after.cpu_usec - before.cpu_usec) / seconds);
    memory.push_back(pss_bytes(pids) / kMebibyte);
  }
  print_figure("idle.wake_ups", wake_ups, "1/s");
  print_figure("idle.cpu", cpu, "us/s");
  print_figure("idle.memory", memory, "MiB");
  print_figure("idle.processes", {static_cast<double>(pids.size())}, "processes");
  print_floor();
  if (option(argc, argv, "peers", 1) != 0) print_peers(daemon.folder());
  return 0;
}

}  // namespace jobpool::bench
