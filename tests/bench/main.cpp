// One program for all benches, so that they are built and linked once.
//   jobpool_bench NAME [--option=value…] [--json] [--one-cpu]
// --json: one JSON object on stdout instead of lines. --one-cpu: everything, daemon and workers and peers, on one CPU.
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

struct Entry {
  const char* name;
  Bench run;
  const char* what;
};

constexpr Entry kBenches[] = {
    {"apply_latency", &apply_latency, "one `apply @noop` at a time: p50, p99; beside a bare chain, Python, beanstalkd, gearmand"},
    {"async_rate", &async_rate, "pipelined `ApplyAsync @noop`, submit to outcome; beside a bare stream and the same peers"},
    {"commands", &commands, "2,000 times /bin/true; beside bare spawns, xargs, task-spooler, nq, GNU parallel"},
    {"connections", &connections, "p99 of `apply @noop` with 2,000 connections and 256 workers, beside 2 and 2"},
    {"copy_tree", &copy_tree, "`jobpool copy` beside cp -a"},
    {"durable_submit", &durable_submit, "durable submits beside bare SQLite commits"},
    {"idle", &idle, "memory and wake-ups of a daemon that has nothing to do; beside the peers' servers"},
    {"isolation", &isolation, "workers as processes and as threads"},
    {"map_rate", &map_rate, "`map @square`; beside a plain loop and Python's Pool.map"},
    {"million_queued", &million_queued, "memory per queued job, submit rate behind a million; beside an empty queue and beanstalkd"},
    {"noop_calls", &noop_calls, "so many calls and nothing else: what strace and callgrind are pointed at"},
    {"payload", &payload, "16 MiB through `apply @echo`; beside one memcpy and one socket pass"},
    {"queue_items", &queue_items, "items through named queues"},
    {"queue_words", &queue_words, "the queue in shared memory alone"},
    {"recovery", &recovery, "start until it answers; a worker's SIGKILL until its place serves again"},
    {"scale", &scale, "curves: queued jobs, workers, connections, payload"},
    {"store_commit", &store_commit, "the store's commits beside SQLite's own"},
    {"verb_processes", &verb_processes, "`jobpool apply -- true` as a process; beside a minimal client, task-spooler, nq"},
};

int usage(std::FILE* to, int exit_code) {
  std::fprintf(to,
               "Usage: jobpool_bench NAME [--option=value...] [--json] [--one-cpu]\nThe options of each are at the top of its source.\n\n");
  for (const Entry& entry : kBenches) std::fprintf(to, "  %-16s %s\n", entry.name, entry.what);
  std::fprintf(to, "\nExample: jobpool_bench apply_latency --one-cpu --calls=2000\n");
  return exit_code;
}

void stay_on_one_cpu() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof(usable), &usable) != 0) give_up("sched_getaffinity");
  int first = 0;
  while (!CPU_ISSET(first, &usable)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  if (::sched_setaffinity(0, sizeof(one), &one) != 0) give_up("sched_setaffinity");
}

int run(int argc, char** argv) {
  if (argc < 2) return usage(stderr, 2);
  const std::string_view name = argv[1];
  if (name == "--help") return usage(stdout, 0);
  const auto found = std::find_if(std::begin(kBenches), std::end(kBenches), [&](const Entry& entry) { return name == entry.name; });
  if (found == std::end(kBenches)) {
    std::fprintf(stderr, "jobpool_bench: there is no bench '%s'; see jobpool_bench --help\n", argv[1]);
    return 2;
  }
  if (flag(argc, argv, "one-cpu")) stay_on_one_cpu();
  if (flag(argc, argv, "json")) print_as_json(found->name);
  const int exit_code = found->run(argc, argv);
  finish_report();
  return exit_code;
}

}  // namespace
}  // namespace jobpool::bench

int main(int argc, char** argv) {
  try {
    return jobpool::bench::run(argc, argv);
  } catch (const std::exception& error) {
    jobpool::bench::give_up(error.what());
  }
}
