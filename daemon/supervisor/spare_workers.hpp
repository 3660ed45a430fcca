// Workers that were started ahead: who dies, or has had its share of jobs, is replaced by a process that has begun already and only waits
// to be told its place. jobpoold's main thread.
//
// A spare has all that a worker has but a number: nobody but this table knows it, and it runs nothing. One that dies is replaced; one that
// is dead when it is needed is no loss, a worker is then started as ever. Across a reload they are not remembered: they see the hang-up of
// the supervisor that was, leave, and are reaped as orphans are.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/supervisor/backoff.hpp"
#include "daemon/supervisor/loop.hpp"
#include "daemon/supervisor/worker_start.hpp"

namespace jobpool::supervisor {

class SpareWorkers {
 public:
  // Both must outlive it. `on_gone` is called when one of them has been reaped.
  SpareWorkers(Loop& loop, WorkerStart& starting, std::size_t wanted, std::function<void()> on_gone);

  // There are to be as many as are wanted: one by one and a little later, so that what the daemon has to do now is not held up.
  void keep();
  // There are to be none: those that are there are killed.
  void end();

  // One of them, which has been sent the words of that place and is its worker from now on: not known here any more. nullopt: none is
  // there. One that died unseen may be given; its death is then that worker's.
  std::optional<NewWorker> give(const std::vector<std::string>& place);

  bool contains(pid_t pid) const { return spares_.contains(pid); }
  bool empty() const { return spares_.empty(); }  // the killed, too, are there until they are reaped

 private:
  struct Spare {
    NewWorker worker;
    Loop::Watch watch{};
    TimePoint started{};
    bool is_killed = false;
  };

  void start_one();
  Result<void> start_and_watch();
  void wait_and_start();
  void on_exit(pid_t pid);
  std::size_t ready() const;

  Loop& loop_;
  WorkerStart& starting_;
  const std::size_t wanted_;
  const std::function<void()> on_gone_;
  bool is_kept_ = false;
  Loop::Timer waiting_start_{};
  Backoff backoff_;
  std::map<pid_t, Spare> spares_;
};

}  // namespace jobpool::supervisor
