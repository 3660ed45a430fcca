// What isolation costs, and what it is worth: the same function in workers that are processes and in one worker's threads, in one run.
//   isolation [--places=4] [--calls=5000] [--rounds=5]
// For each kind: how long a place takes to be there, what it takes in memory, what one call costs (alone, and all places at once), and
// what a crash costs (jobs lost, and the time until all places serve again). A place: what runs one function at a time.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::bench {
namespace {

struct PlaceKind {
  std::string name;
  unsigned workers, threads;
};

struct PlaceFigures {
  std::vector<double> start, memory, alone, together, lost, replaced;
};

jobpool::PoolOptions options_of(const PlaceKind& kind) {
  jobpool::PoolOptions options;
  options.workers = kind.workers;
  options.threads = kind.threads;
  return options;
}

// So many functions that only end when they are stopped, one in each place.
std::vector<jobpool::AsyncResult> occupy(const jobpool::Pool& pool, unsigned places) {
  std::vector<jobpool::AsyncResult> all;
  for (unsigned i = 0; i < places; ++i) all.push_back(pool.with({.durable = false}).apply_async("sleep", 1000));
  return all;
}

bool all_run(const jobpool::Pool& pool, unsigned places) { return pool.show().running >= places; }

void wait_until_true(const std::function<bool()>& condition, const char* what) {
  if (!jobpool::testing::wait_until(condition)) give_up(what);
}

// Proportional: what several processes share counts once.
double kib_of(const jobpool::Pool& pool) {
  double sum = 0;
  for (const auto& worker : pool.show().worker_list) {
    std::ifstream rollup("/proc/" + std::to_string(worker.pid) + "/smaps_rollup");
    double kib = -1;
    for (std::string word; kib < 0 && rollup >> word;)
      if (word == "Pss:") rollup >> kib;
    if (kib < 0) give_up("a worker's smaps_rollup");
    sum += kib;
  }
  return sum;
}

double calls_time(const jobpool::Pool& pool, unsigned callers, long calls) {
  std::vector<std::thread> threads;
  std::atomic<long> left = calls;
  const auto begin = Clock::now();
  for (unsigned i = 0; i < callers; ++i)
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) pool.apply_text("square", "[7]");
    });
  for (std::thread& thread : threads) thread.join();
  return microseconds_since(begin) / static_cast<double>(calls);
}

// One of the running jobs' worker dies: how many jobs did not go on, and when every place serves again.
void crash_one(const jobpool::Pool& pool, unsigned places, PlaceFigures& figures) {
  auto jobs = occupy(pool, places);
  wait_until_true([&] { return all_run(pool, places); }, "not every place runs its function");
  const auto before = pool.show();
  const auto begin = Clock::now();
  ::kill(before.worker_list.front().pid, SIGKILL);
  std::vector<jobpool::AsyncResult> again;
  wait_until_true([&] { return pool.show().running < places; }, "the crash was not seen");
  const auto lost = static_cast<unsigned>(pool.show().done - before.done);
  again = occupy(pool, lost);
  wait_until_true([&] { return all_run(pool, places); }, "lost places do not come back");
  figures.replaced.push_back(microseconds_since(begin) / 1000);
  figures.lost.push_back(lost);
  for (auto* list : {&jobs, &again})
    for (const auto& job : *list) job.cancel();
  wait_until_true([&] { return pool.show().running == 0; }, "cancelled functions go on");
}

void measure_places(const jobpool::Client& client, const PlaceKind& kind, unsigned places, long calls, PlaceFigures& figures) {
  const std::string name = std::string("in_") + kind.name;
  const auto begin = Clock::now();
  const jobpool::Pool pool = client.create_pool(name, options_of(kind));
  auto first = occupy(pool, places);
  wait_until_true([&] { return all_run(pool, places); }, "not every place has come");
  figures.start.push_back(microseconds_since(begin) / 1000 / places);
  for (const auto& job : first) job.cancel();
  wait_until_true([&] { return pool.show().running == 0; }, "cancelled functions go on");
  calls_time(pool, places, calls / 10);
  figures.memory.push_back(kib_of(pool) / places);
  figures.alone.push_back(calls_time(pool, 1, calls));
  figures.together.push_back(calls_time(pool, places, calls));
  crash_one(pool, places, figures);
  pool.terminate();
  pool.join();
  client.delete_pool(name);
}

void print_places(const std::string& name, const PlaceFigures& figures) {
  print_figure(name + ".start", figures.start, "ms/place");
  print_figure(name + ".memory", figures.memory, "KiB/place");
  print_figure(name + ".call", figures.alone, "us");
  print_figure(name + ".calls_together", figures.together, "us/call");
  print_figure(name + ".crash.lost", figures.lost, "jobs");
  print_figure(name + ".crash.replaced", figures.replaced, "ms");
}

}  // namespace

int isolation(int argc, char** argv) {
  const auto places = static_cast<unsigned>(std::clamp<long>(option(argc, argv, "places", 4), 2, 8));
  const long calls = option(argc, argv, "calls", 5'000);
  ::setenv("JOBPOOLD_SPARE_WORKERS", "0", 1);  // only a worker of one thread could be one that was started ahead
  const PrivateDaemon daemon(1);
  const jobpool::Client client(daemon.socket());
  const PlaceKind processes{"processes", places, 1}, threads{"threads", 1, places};
  PlaceFigures of_processes, of_threads;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    measure_places(client, processes, places, calls, of_processes);
    measure_places(client, threads, places, calls, of_threads);
  }
  print_places(processes.name, of_processes);
  print_places(threads.name, of_threads);
  print_ratio("threads/processes.start", of_threads.start, of_processes.start);
  print_ratio("threads/processes.memory", of_threads.memory, of_processes.memory);
  print_ratio("threads/processes.call", of_threads.alone, of_processes.alone);
  print_ratio("threads/processes.calls_together", of_threads.together, of_processes.together);
  return 0;
}

}  // namespace jobpool::bench
