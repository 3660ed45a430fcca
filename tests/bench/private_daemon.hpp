// A jobpoold of the bench's own, in a temporary folder, stopped by its pid. It inherits the bench's CPU affinity: `taskset -c 0 bench`
// puts all of them on one CPU.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace jobpool::bench {

// Path of one of our programs; of one of the bench's own.
std::string program(const std::string& name);
std::string bench_program(const std::string& name);

// posix_spawn (a vfork inside) with stdin from `input`, stdout to `log`, and stderr there too unless that is /dev/null.
pid_t spawn(const std::vector<std::string>& argv, const std::string& log = "/dev/null", const std::string& input = "/dev/null");

// For what would go on for ever: it gets SIGTERM when the bench ends, also when that is killed. stdout and stderr to `log`.
// Requires: the calling thread is there as long as the bench is.
pid_t spawn_server(const std::vector<std::string>& argv, const std::string& log = "/dev/null");

class PrivateDaemon {
 public:
  // Starts it, and waits until its workers are idle. Gives up when it does not come. `workers`: 0 for a queue that nobody serves.
  explicit PrivateDaemon(int workers);
  ~PrivateDaemon();
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;

  std::string socket() const { return folder_.file("socket"); }
  std::string folder() const { return folder_.path(); }
  pid_t broker_pid() const;
  pid_t supervisor_pid() const { return pid_; }

  // By SIGKILL, supervisor and broker; the rest goes with them.
  void kill();
  // By SIGTERM, to its end.
  void stop();
  // After either, in the same folder. Returns when something listens; who answers first tells when it is ready.
  void start();
  // Until every worker has run something, and so has loaded what it needs.
  void warm_up() const;
  // Until the process is there, and asleep, that will take the place of the next worker to die. Requires: it keeps one, and has a worker.
  void wait_for_spare() const;

 private:
  bool is_up() const;

  const int workers_;
  testing::TempDir folder_;
  pid_t pid_ = -1;
};

}  // namespace jobpool::bench
