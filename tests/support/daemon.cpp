// See daemon.hpp. Where the programs and the example plugin are is told by the build (JOBPOOL_TEST_BIN_DIR, JOBPOOL_TEST_PLUGIN_DIR).
// $JOBPOOL_TEST_LOG_LEVEL makes its log say more.
#include "tests/support/daemon.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/processes.hpp"

namespace jobpool::testing {

std::string program(const std::string& name) { return std::string(JOBPOOL_TEST_BIN_DIR) + "/" + name; }

namespace {

// Who listens there; 0: nobody. A broker that was killed has the socket of its own supervisor open until it is quite dead.
pid_t listener_of(const std::string& socket) {
  const UniqueFd connection = try_connect(socket);
  ucred peer{};
  socklen_t size = sizeof peer;
  return connection && ::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

Daemon::Daemon(DaemonOptions options) : options_(std::move(options)) { start_process(); }

Daemon::~Daemon() {
  const bool test_failed = std::uncaught_exceptions() > 0;
  bool stopped_badly = false;
  if (process_) {
    try {
      stop();
    } catch (...) {  // a failed REQUIRE, which Catch2 has recorded
      stopped_badly = true;
    }
  }
  process_.reset();
  for (pid_t pid : survivors()) ::kill(pid, SIGKILL);
  if (test_failed || stopped_badly) std::cerr << "--- log of the daemon in " << folder() << "\n" << log() << "---\n";
}

void Daemon::start_process() {
  const UniqueFd log(::open(file("daemon.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(log);
  configure(std::move(options_.settings));
  Invocation invocation;
  invocation.argv = {program("jobpoold"), "--config", file("daemon.toml"), "--socket", socket(), "--state-dir"};
  invocation.argv.push_back(options_.state_dir.empty() ? file("state") : options_.state_dir);
  invocation.argv.insert(invocation.argv.end(), {"-j", std::to_string(options_.workers), "--plugin-dir", JOBPOOL_TEST_PLUGIN_DIR});
  if (const char* level = std::getenv("JOBPOOL_TEST_LOG_LEVEL")) invocation.argv.insert(invocation.argv.end(), {"--log-level", level});
  invocation.argv.insert(invocation.argv.end(), options_.arguments.begin(), options_.arguments.end());
  if (!options_.cgroup.empty()) {
    const std::string words[] = {"/bin/sh", "-c", "echo $$ >\"$0\"/cgroup.procs && exec \"$@\"", options_.cgroup};
    invocation.argv.insert(invocation.argv.begin(), std::begin(words), std::end(words));
  }
  invocation.environment = options_.environment;
  invocation.stdin_fd = nothing.get();
  invocation.stdout_fd = invocation.stderr_fd = log.get();
  process_ = std::make_unique<Child>(std::move(invocation));

  wait_until([&] { return process_->has_ended() || listener_of(socket()) == pid(); });
  INFO("jobpoold ended at its start, or does not listen\n" << this->log());
  REQUIRE_FALSE(process_->has_ended());
  REQUIRE(listener_of(socket()) == pid());
}

std::string Daemon::log() const {
  std::ifstream file(this->file("daemon.log"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Invocation Daemon::invocation(std::vector<std::string> words) const {
  Invocation invocation;
  invocation.argv = std::move(words);
  invocation.argv.insert(invocation.argv.begin(), program("jobpool"));
  invocation.environment = {"JOBPOOL_SOCKET=" + socket(), "JOBPOOL_NO_AUTOSTART=1"};
  return invocation;
}

Finished Daemon::run(std::vector<std::string> words, std::string input, std::chrono::milliseconds limit) const {
  Invocation call = invocation(std::move(words));
  call.input = std::move(input);
  return jobpool::testing::run(std::move(call), limit);
}

Child Daemon::start(std::vector<std::string> words) const { return Child(invocation(std::move(words))); }

std::string Daemon::submit(std::vector<std::string> words) const {
  words.insert(words.begin(), "apply-async");
  Finished finished = run(std::move(words));
  INFO("stdout: " << finished.out << "\nstderr: " << finished.err);
  REQUIRE(finished.exit_code == 0);
  REQUIRE(finished.out.size() >= 2);
  REQUIRE(finished.out.find_first_not_of("0123456789") == finished.out.size() - 1);
  REQUIRE(finished.out.back() == '\n');
  finished.out.pop_back();
  return finished.out;
}

json Daemon::hello() const { return connect().call("org.jobpool.Pool.Hello"); }

json Daemon::status() const { return connect().call("org.jobpool.Pool.Status"); }

json Daemon::job(const std::string& id) const { return connect().call("org.jobpool.Job.Show", {{"id", std::stoull(id)}})["job"]; }

pid_t Daemon::broker_pid() const { return hello()["brokerPid"].get<pid_t>(); }

std::vector<pid_t> Daemon::worker_pids() const { return children_named(pid(), "jobpool-worker"); }

void Daemon::require_workers(std::size_t count) const {
  wait_until([&] { return worker_pids().size() == count; });
  REQUIRE(worker_pids().size() == count);
}

std::vector<pid_t> Daemon::survivors() const { return processes_with(folder().string()); }

std::vector<pid_t> Daemon::processes_of(const std::string& id) const {
  std::vector<pid_t> found;
  const std::vector<pid_t> own = processes_with("JOBPOOL_SOCKET=" + socket() + '\0');
  // With the NUL after it, so that 1 is not 17.
  for (const pid_t pid : processes_with("JOBPOOL_JOB_ID=" + id + '\0'))
    if (std::find(own.begin(), own.end(), pid) != own.end()) found.push_back(pid);
  return found;
}

void Daemon::stop() {
  const std::unique_ptr<Child> process = std::move(process_);
  process->send_signal(SIGTERM);
  const Finished finished = process->finish();
  CHECK(finished.exit_code == 0);
  // Without waiting: its exit is the promise that all of them are gone.
  const std::vector<pid_t> left = survivors();
  INFO("left alive by a clean stop:" << describe(left));
  REQUIRE(left.empty());
}

void Daemon::kill() {
  process_->send_signal(SIGKILL);
  process_->finish();
  process_.reset();
}

void Daemon::kill_everything() {
  const std::vector<pid_t> others = survivors();
  process_->send_signal(SIGKILL);
  for (const pid_t pid : others) ::kill(pid, SIGKILL);
  kill();
}

void Daemon::configure(std::string settings) {
  options_.settings = std::move(settings);
  std::ofstream(file("daemon.toml")) << "drain_seconds = " << options_.drain.count() << "\n" << options_.settings;
}

void Daemon::start_again() { start_process(); }

int Daemon::wait_for_exit() {
  const std::unique_ptr<Child> process = std::move(process_);
  return process->finish().exit_code;
}

}  // namespace jobpool::testing
