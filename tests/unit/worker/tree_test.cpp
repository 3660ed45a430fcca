// Nothing of a job is alive after its report: both ways of following its processes, against jobs that do not want to die.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstddef>
#include <filesystem>
#include <thread>

#include "tests/support/test_cgroup.hpp"
#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

enum class Kind { subreaper, cgroup };

// Nothing left to wait for, and nobody who could write: the whole tree is dead.
void check_all_dead(Bystander& bystander) {
  CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
  bystander.rest();
}

template <class Action>
CommandRunner::Ended run_hostile(Setup& setup, const std::string& way, Action action) {
  Pipe out;
  CommandSpec spec = command({HOSTILE_PROGRAM, way});
  spec.passes_stdout = true;
  std::vector<UniqueFd> passed;
  passed.push_back(std::move(out.writing));
  Bystander bystander(out.reading.get(), action);
  CommandRunner::Ended ended = setup.run(spec, std::move(passed));
  check_all_dead(bystander);
  return ended;
}

void try_all_ways(Setup& setup) {
  SECTION("what a command leaves behind goes with it, and its exit code stays") {
    const auto ended = run_hostile(setup, "leave_child", [] {});
    CHECK(ended.report.ending == Ending::exited);
    CHECK(ended.report.code == 7);
    CHECK(ended.after == CommandRunner::After::go_on);
  }
  SECTION("a daemon, forked twice and in a session of its own, goes with its command") {
    const auto ended = run_hostile(setup, "daemonize", [] {});
    CHECK(ended.report.code == 0);
    CHECK(ended.after == CommandRunner::After::go_on);
  }
  // The bug: /proc says of both that they are zombies; they were passed over, and the worker gave up after ten seconds.
  SECTION("who lives on behind the end of its first thread goes with its command") {
    CHECK(run_hostile(setup, "leave_headless", [] {}).after == CommandRunner::After::go_on);
  }
  SECTION("who lives on behind the end of its first thread is told to stop like any other") {
    const auto ended = run_hostile(setup, "headless", [&] { setup.order(control::OrderKind::stop, 3'600'000'000); });
    CHECK(ended.report.code == SIGTERM);
  }
  SECTION("a chain of processes that fork and exit is caught") {
    for (int round = 0; round < 5; ++round) CHECK(run_hostile(setup, "chain", [] {}).after == CommandRunner::After::go_on);
  }
  SECTION("a chain in which each process has a session of its own is caught") {
    for (int round = 0; round < 5; ++round) CHECK(run_hostile(setup, "chain_of_sessions", [] {}).after == CommandRunner::After::go_on);
  }
  SECTION("who ignores TERM is killed when the grace is over") {
    const auto ended = run_hostile(setup, "ignore_term", [&] { setup.order(control::OrderKind::stop, 50'000); });
    CHECK(ended.report.ending == Ending::signalled);
    CHECK(ended.report.code == SIGKILL);
  }
  SECTION("a stopped child is woken to receive TERM") {
    const auto ended = run_hostile(setup, "stopped", [&] { setup.order(control::OrderKind::stop, 3'600'000'000); });
    CHECK(ended.report.code == SIGTERM);
  }
  SECTION("a stopped child is killed") {
    const auto ended = run_hostile(setup, "stopped", [&] { setup.order(control::OrderKind::stop, 0); });
    CHECK(ended.report.code == SIGKILL);
  }
  SECTION("who forks anew on TERM is killed when the grace is over") {
    run_hostile(setup, "refork_on_term", [&] { setup.order(control::OrderKind::stop, 50'000); });
  }
  SECTION("a bush of a hundred processes and sessions is killed whole") {
    const auto ended = run_hostile(setup, "bush", [&] { setup.order(control::OrderKind::stop, 0); });
    CHECK(ended.report.code == SIGKILL);
  }
  SECTION("the supervisor's hang-up kills the tree at once, and the worker must leave") {
    const auto ended = run_hostile(setup, "ignore_term", [&] { setup.hang_up_supervisor(); });
    CHECK(ended.after == CommandRunner::After::orphaned);
  }
}

TEST_CASE("without cgroups: nothing of a job is alive after its report") {
  Setup setup;
  try_all_ways(setup);
}

TEST_CASE("with cgroups: nothing of a job is alive after its report, and its cgroup is gone") {
  const testing::TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  auto tree = make_cgroup_tree(cgroup.path());
  REQUIRE(tree);
  {
    Setup setup(std::move(*tree));
    try_all_ways(setup);
  }
  CHECK(cgroup.children() == 0);
}

TEST_CASE("with cgroups: a job is in a cgroup of its own, and the groups it made below go with it") {
  const testing::TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  auto tree = make_cgroup_tree(cgroup.path());
  REQUIRE(tree);
  Setup setup(std::move(*tree));
  std::string out;
  setup.run(command({"sh", "-c", "cat /proc/self/cgroup; mkdir -p " + cgroup.path() + "/job-7.1/inner/most"}), out);
  CHECK(out.find(std::filesystem::path(cgroup.path()).filename().string() + "/job-7.1\n") != std::string::npos);
  CHECK(cgroup.children() == 0);
}

// For this thread and the processes that it makes: as a unit's RestrictNamespaces= has it, which cannot look at what clone3 is to do.
void refuse_clone3() {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(steps)), steps};
  REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

TEST_CASE("with cgroups: where clone3 is not let through, a command is moved into its own") {
  const testing::TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  auto tree = make_cgroup_tree(cgroup.path());
  REQUIRE(tree);
  std::thread filtered([&] {
    Setup setup(std::move(*tree));
    refuse_clone3();
    std::string out;
    setup.run(command({"cat", "/proc/self/cgroup"}), out);
    CHECK(out.find(std::filesystem::path(cgroup.path()).filename().string() + "/job-7.1\n") != std::string::npos);
  });
  filtered.join();
  CHECK(cgroup.children() == 0);
}

TEST_CASE("with cgroups: an attempt that can have none is followed without, and the next one has one again") {
  const testing::TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  std::ofstream(cgroup.path() + "/cgroup.max.descendants") << "0\n";
  auto tree = make_cgroup_tree(cgroup.path());
  REQUIRE(tree);
  Setup setup(std::move(*tree));
  const auto ended = run_hostile(setup, "daemonize", [] {});
  CHECK(ended.report.code == 0);
  std::ofstream(cgroup.path() + "/cgroup.max.descendants") << "max\n";
  std::string out;
  setup.run(command({"cat", "/proc/self/cgroup"}), out);
  CHECK(out.find("/job-7.1\n") != std::string::npos);
}

TEST_CASE("a directory that is no cgroup is refused, with the reason") {
  const auto tree = make_cgroup_tree("/tmp");
  REQUIRE_FALSE(tree);
  CHECK(tree.error().code == Errc::unsupported);
  CHECK(make_cgroup_tree("/no/such/cgroup").error().code == Errc::not_found);
}

}  // namespace
}  // namespace jobpool::worker
