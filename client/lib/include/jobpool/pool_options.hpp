// What a pool is made with, and what is known of it. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jobpool {

struct PoolOptions {
  unsigned workers = 1;                                     // 0: nothing runs until it is resized
  std::optional<unsigned> threads = {};                     // of each worker, 1 to 8: as ThreadPool, functions only; 1 when absent
  std::optional<unsigned> min = {};                         // workers that stay without work; absent: all
  std::optional<std::chrono::microseconds> idle_time = {};  // after which the others leave; a minute when absent
  std::optional<unsigned> max_tasks_per_worker = {};        // then it is replaced, a tenth more or less; absent: never
  std::optional<std::uint64_t> memory_bytes = {};           // of each worker and each of its processes, at least 4 MiB; absent: no limit
  std::string initializer = {};                             // a function run in each fresh worker before its first job; empty: none
  std::string arguments = "[]";                             // the initializer's, as json_array(…) makes them
};

struct PoolInfo {
  std::string name, state;  // running, paused, closed, terminated or joined
  unsigned threads = 1;     // of each worker
  std::uint64_t size = 0, workers = 0, workers_idle = 0, workers_running = 0;
  std::uint64_t ready = 0, running = 0, waiting = 0, done = 0;  // jobs
  std::string setup_error;                                      // why fresh workers do not come up; empty: they do
  struct Worker {
    unsigned number = 0;
    int pid = 0;
    std::string state;                      // starting, idle, running or leaving
    std::optional<std::uint64_t> job = {};  // the one that it has
    std::uint64_t tasks = 0;                // jobs it has ended
    std::vector<std::uint64_t> jobs = {};   // in a pool with threads: all that it has
  };
  std::vector<Worker> worker_list = {};  // in Pool::show() only
};

}  // namespace jobpool
