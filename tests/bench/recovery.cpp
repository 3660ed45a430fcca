// How soon a daemon answers after its exec, and how soon a place serves again whose worker was killed, while the worker beside it goes on.
//   recovery [--rounds=20] [--spare=1]
// Both workers are kept busy and a job waits; one worker is killed: how long until the waiting job has run, on its replacement. That is a
// process that was started ahead, as in any daemon that has been there for a moment; `recovery --spare=0` has none. Floors: two processes
// started one after the other (supervisor and broker); a child killed, reaped and replaced by one that runs to its end.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/command_tools.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::bench {
namespace {

double milliseconds_of(const std::function<void()>& body) { return median_of(1, body) / 1000; }

double replace_bare() {
  const pid_t child = spawn_server({"/bin/sleep", "infinity"});
  return milliseconds_of([&] {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    run_to_end({"/bin/true"});
  });
}

// Milliseconds. Requires: two workers, both idle.
double replace_worker(const Pool& pool) {
  const Pool ephemeral = pool.with({.durable = false});
  const AsyncResult victim = ephemeral.apply_async("sleep", 1000), neighbour = ephemeral.apply_async("sleep", 1000);
  if (!testing::wait_until([&] { return pool.show().running == 2; })) give_up("not both workers are busy");
  const AsyncResult waiting = ephemeral.apply_async("noop");
  pid_t pid = 0;
  for (const PoolInfo::Worker& worker : pool.show().worker_list)
    if (worker.job == victim.id()) pid = worker.pid;
  if (pid == 0) give_up("nobody runs the job that was just submitted");
  const double taken = milliseconds_of([&] {
    ::kill(pid, SIGKILL);
    waiting.wait();
  });
  if (neighbour.ready()) give_up("the other worker's job ended as well");
  if (!victim.ready()) give_up("the killed worker's job has not ended");
  neighbour.cancel();
  if (!testing::wait_until([&] { return pool.show().workers_idle == 2; })) give_up("the workers do not become idle");
  return taken;
}

}  // namespace

int recovery(int argc, char** argv) {
  const bool has_spare = option(argc, argv, "spare", 1) != 0;
  if (!has_spare) ::setenv("JOBPOOLD_SPARE_WORKERS", "0", 1);
  PrivateDaemon daemon(2);
  const Client client(daemon.socket());
  std::vector<double> answers, serves, two_processes, replaced, bare;
  for (long round = option(argc, argv, "rounds", 20); round > 0; --round) {
    two_processes.push_back(milliseconds_of([] {
      run_to_end({"/bin/true"});
      run_to_end({"/bin/true"});
    }));
    daemon.stop();
    const auto begin = Clock::now();
    daemon.start();
    client.hello();
    answers.push_back(microseconds_since(begin) / 1000);
    client.pool().apply_text("noop", "[]");
    serves.push_back(microseconds_since(begin) / 1000);
    daemon.warm_up();
    if (has_spare) daemon.wait_for_spare();
    replaced.push_back(replace_worker(client.pool()));
    bare.push_back(replace_bare());
  }
  print_figure("start.answers", answers, "ms");
  print_figure("start.serves", serves, "ms");
  print_figure("two_processes", two_processes, "ms");
  print_ratio("start.answers/two_processes", answers, two_processes);
  print_figure("worker.replaced", replaced, "ms");
  print_figure("child.replaced", bare, "ms");
  print_ratio("worker.replaced/child.replaced", replaced, bare);
  return 0;
}

}  // namespace jobpool::bench
