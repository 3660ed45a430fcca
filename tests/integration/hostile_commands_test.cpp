// Commands that misbehave towards the daemon, their worker or themselves: each has one clear outcome, nothing of it is left, and the next
// job notices nothing. (What it takes to kill those that do not want to die is in tests/unit/worker/tree_test.)
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/test_cgroup.hpp"

using namespace jobpool::testing;

namespace {

std::string submit(const Daemon& daemon, const std::string& script, std::vector<std::string> options = {}) {
  options.insert(options.end(), {"--", "sh", "-c", script});
  return daemon.submit(std::move(options));
}

void check_well(const Daemon& daemon, const std::string& id, const std::string& outcome) {
  CHECK(daemon.job(id)["outcome"] == outcome);
  CHECK(daemon.job(id)["attempt"] == 1);
  const auto left = daemon.processes_of(id);
  INFO("left of it:" << describe(left));
  CHECK(left.empty());
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  CHECK(daemon.run({"apply", "--", "echo", "well"}).out == "well\n");
}

// As /proc has it: S sleeps, T is stopped.
bool is_stopped(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  stat >> number >> name >> state;
  return state == "T";
}

void require_stopped(const Daemon& daemon, const std::string& id) {
  REQUIRE(wait_until([&] {
    const json job = daemon.job(id);
    return job.contains("pid") && is_stopped(job["pid"].get<pid_t>());
  }));
}

void misbehave_in_small_ways(const Daemon& daemon) {
  struct Way {
    const char* script;
    const char* outcome;
    int exit_code;
  };
  const Way ways[] = {
      {"exec <&- >&- 2>&-; exit 7", "failed", 7},
      {"mkdir gone && cd gone && rmdir ../gone && exit 3", "failed", 3},
      {"ulimit -n 3; ulimit -c 0; exit 4", "failed", 4},
      {"ulimit -f 0; echo too much", "crashed", 128 + SIGXFSZ},
      {"kill -TERM 0; sleep 1000", "crashed", 128 + SIGTERM},  // its whole process group, in which it is alone
      {"trap '' HUP INT QUIT TERM; (setsid sh -c 'sleep 1000 & sleep 1001' &); exit 5", "failed", 5},
      // A small fork bomb: when all of its 63 processes have said that they are there, the command ends.
      {"bomb() { printf x; [ $1 = 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; setsid sleep 1000; };"
       "mkfifo there; bomb 5 >there & head -c 63 <there >/dev/null; exit 6",
       "failed", 6},
  };
  const Finished limits = daemon.run({"apply", "--", "sh", "-c", "ulimit -a"});
  for (const Way& way : ways) {
    INFO(way.script);
    const std::string id = submit(daemon, way.script, {"--cwd", daemon.folder()});
    CHECK(daemon.run({"get", id}).exit_code == way.exit_code);
    check_well(daemon, id, way.outcome);
    CHECK(daemon.run({"apply", "--", "sh", "-c", "ulimit -a"}).out == limits.out);
  }
  CHECK(daemon.status()["workerRestarts"] == 0);
  CHECK(daemon.status()["brokerRestarts"] == 0);
}

void kill_the_worker(const Daemon& daemon) {
  const std::string id = submit(daemon, "setsid sleep 1000 & kill -KILL $PPID; sleep 1001");
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 125);
  CHECK(got.err.find("worker 1 was killed by signal 9") != std::string::npos);
  check_well(daemon, id, "interrupted");
  CHECK(daemon.status()["workerRestarts"] == 1);
}

}  // namespace

TEST_CASE("commands that misbehave in small ways end as they ended, and the next one notices nothing") {
  misbehave_in_small_ways(Daemon({.workers = 1}));
}

TEST_CASE("with cgroups: each command has its own, and those that misbehave end as without") {
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  Daemon daemon({.workers = 1, .cgroup = cgroup.path()});
  const std::string jobs = cgroup.path() + "/jobs/" + daemon.hello()["instance"].get<std::string>();
  const std::string id = submit(daemon, "cat /proc/self/cgroup");
  CHECK(daemon.run({"get", id}).out.find("/job-" + id + ".1\n") != std::string::npos);
  CHECK(daemon.run({"doctor"}).out.find("each command has a cgroup of its own, in " + cgroup.path() + "/jobs") != std::string::npos);
  misbehave_in_small_ways(daemon);
  kill_the_worker(daemon);
  // One directory, of the worker there is, and nothing in it.
  const auto is_tidy = [&] {
    std::size_t directories = 0;
    std::error_code gone;  // what is removed meanwhile
    for (std::filesystem::recursive_directory_iterator entry(jobs, gone), end; !gone && entry != end; entry.increment(gone))
      directories += entry->is_directory(gone) ? 1 : 0;
    return !gone && directories == 1;
  };
  CHECK(wait_until(is_tidy));
  daemon.stop();
  CHECK(cgroup.children() == 0);
}

TEST_CASE("a command that fills both of its outputs as fast as it can loses none of them, and its bytes are not looked at") {
  Daemon daemon({.workers = 1});
  const std::string id =
      submit(daemon, "head -c 20000000 /dev/zero & head -c 10000000 /dev/zero >&2; wait; printf '\\377\\033[31m\\000end'");
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const std::string end("\xff\x1b[31m\0end", 10);
  const Finished logs = daemon.run({"logs", id});
  CHECK(logs.out.size() == 20'000'000 + end.size());
  CHECK(logs.out.ends_with(end));
  CHECK(daemon.run({"logs", "--stderr", id}).out.size() == 10'000'000);
  check_well(daemon, id, "succeeded");
}

TEST_CASE("a command that stops itself goes on when it is told to, and else ends with its time or its cancellation") {
  Daemon daemon({.workers = 1});
  const std::string continued = submit(daemon, "kill -STOP $$; exit 6");
  require_stopped(daemon, continued);
  CHECK(daemon.run({"kill", "-s", "CONT", continued}).exit_code == 0);
  CHECK(daemon.run({"get", continued}).exit_code == 6);
  check_well(daemon, continued, "failed");

  const std::string cancelled = submit(daemon, "kill -STOP $$; exit 6", {"--grace", "1h"});
  require_stopped(daemon, cancelled);
  CHECK(daemon.run({"cancel", cancelled}).exit_code == 0);
  check_well(daemon, cancelled, "cancelled");

  const std::string late = submit(daemon, "trap '' TERM; kill -STOP $$; sleep 1000", {"--timeout", "100ms", "--grace", "100ms"});
  CHECK(daemon.run({"get", late}).exit_code == 124);
  check_well(daemon, late, "timed_out");
}

TEST_CASE("a command that kills its worker is interrupted, with all that it started") { kill_the_worker(Daemon({.workers = 1})); }

TEST_CASE("a command that stops its worker can be cancelled, and the worker is replaced") {
  Daemon daemon({.workers = 1});
  const std::string id = submit(daemon, "kill -STOP $PPID; setsid sleep 1000 & sleep 1001", {"--grace", "100ms"});
  REQUIRE(wait_until([&] {
    const auto workers = daemon.worker_pids();
    return workers.size() == 1 && is_stopped(workers[0]);
  }));
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  check_well(daemon, id, "cancelled");
  CHECK(daemon.status()["workerRestarts"] == 1);
}

TEST_CASE("a command that kills the broker goes on under the next one") {
  Daemon daemon({.workers = 1});
  const std::string id = submit(daemon, "kill -KILL " + std::to_string(daemon.broker_pid()) + "; echo still here; exit 8");
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 8);
  CHECK(got.out == "still here\n");
  check_well(daemon, id, "failed");
  CHECK(daemon.status()["brokerRestarts"] == 1);
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("a folder that is gone when its command would start is told by name") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string folder = daemon.file("gone");
  std::filesystem::create_directory(folder);
  const std::string first = submit(daemon, gate.wait()), second = submit(daemon, "exit 0", {"--cwd", folder, "--after", first});
  std::filesystem::remove(folder);
  gate.open();
  const Finished got = daemon.run({"get", second});
  CHECK(got.exit_code == 125);
  CHECK(got.err.find(folder) != std::string::npos);
  check_well(daemon, second, "failed");
}
