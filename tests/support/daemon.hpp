// A real daemon in a temporary folder, with its client. Its end is part of every test: clean exit, nothing of it left alive.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/varlink_client.hpp"

namespace jobpool::testing {

// Path of one of our programs: "jobpool", "jobpoold".
std::string program(const std::string& name);

struct DaemonOptions {
  int workers = 2;
  std::chrono::seconds drain{1};              // how long a stop waits for running jobs before it stops them too
  std::vector<std::string> arguments = {};    // more words for jobpoold's command line
  std::string settings = {};                  // more lines for its configuration file
  std::vector<std::string> environment = {};  // "NAME=value" in addition
  std::string state_dir = {};                 // empty: in its folder
  std::string cgroup = {};                    // where it is started (TestCgroup); empty: where the test is
};

class Daemon {
 public:
  // Starts it, and waits until it accepts connections.
  explicit Daemon(DaemonOptions options = {});
  // stop(), unless the test stopped it already. Shows the log when that, or the test, fails.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::string socket() const { return folder_.file("socket"); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string log() const;
  pid_t pid() const { return process_->pid(); }

  // `jobpool WORDS…` against this daemon: waits for it, or only starts it.
  Finished run(std::vector<std::string> words, std::string input = {}, std::chrono::milliseconds limit = kPatience) const;
  Child start(std::vector<std::string> words) const;
  // For what run() has no argument for.
  Invocation invocation(std::vector<std::string> words) const;
  // The id that `jobpool apply-async WORDS…` prints. Fails the test when it prints anything else.
  std::string submit(std::vector<std::string> words) const;

  VarlinkClient connect() const { return VarlinkClient(socket()); }
  // As Hello, Status and Show answer them.
  json hello() const;
  json status() const;
  json job(const std::string& id) const;
  pid_t broker_pid() const;
  // Worker processes alive now, in no particular order.
  std::vector<pid_t> worker_pids() const;
  // Waits until `count` workers are there. Fails the test otherwise.
  void require_workers(std::size_t count) const;

  // SIGTERM to jobpoold: it must exit with 0 and leave no process behind.
  void stop();
  // SIGKILL to jobpoold; answers when it is reaped.
  void kill();
  // SIGKILL to all of it at once, as when the host dies: supervisor, broker, workers and jobs.
  void kill_everything();
  // Other lines than DaemonOptions::settings, from the next start or reload on.
  void configure(std::string settings);
  // After stop() or kill(): the same folder, a new daemon.
  void start_again();
  // For tests that end it otherwise (jobpool shutdown): its exit code.
  int wait_for_exit();
  // Processes that know this folder: the daemon's own, its jobs, and what those started.
  std::vector<pid_t> survivors() const;
  // Those of one job of this daemon: others, with other tests, have jobs of that number as well.
  std::vector<pid_t> processes_of(const std::string& id) const;

 private:
  void start_process();

  DaemonOptions options_;
  TempDir folder_;
  std::unique_ptr<Child> process_;
};

}  // namespace jobpool::testing
