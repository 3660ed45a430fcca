// A daemon with a cgroup to itself: what it finds, how it divides it, what it kills by it, and what is left.
#include "daemon/supervisor/cgroup.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/supervisor/instance.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_cgroup.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using supervisor::unified_directory;
using supervisor::unified_path;
using test::Broker;
using test::House;
using test::start_worker;
using test::Worker;
using testing::TestCgroup;

namespace {

std::string cgroup_of(pid_t pid) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/cgroup").rdbuf();
  return unified_path(text.str()).value_or("");
}

std::string prefix(const TestCgroup& cgroup) { return cgroup.enter() + " && exec"; }

// A process in a cgroup below `parent`, as a job would be; a child of the test's, so that nothing else leads to it.
pid_t start_job(const std::string& parent) {
  const std::string script = "mkdir '" + parent + "/job-1.1' && echo $$ >'" + parent + "/job-1.1/cgroup.procs' && exec sleep 1000";
  const char* words[] = {"sh", "-c", script.c_str(), nullptr};
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, const_cast<char**>(words), environ) == 0);
  REQUIRE(testing::wait_until([&] { return cgroup_of(pid).ends_with("/job-1.1"); }));
  return pid;
}

int signal_that_ended(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::string directory_of(const TestCgroup& cgroup, const House& house, const Worker& worker) {
  return cgroup.path() + "/jobs/" + house.instance() + "/" + std::to_string(worker.incarnation.value);
}

}  // namespace

TEST_CASE("the place in the version 2 hierarchy is told from the kernel's list") {
  CHECK(unified_path("0::/user.slice/a b\n") == "/user.slice/a b");
  CHECK(unified_path("12:pids:/x\n1:name=systemd:/y\n0::/z\n") == "/z");
  CHECK(unified_path("0::/\n") == "/");
  CHECK_FALSE(unified_path("12:pids:/x\n"));
  CHECK_FALSE(unified_path(""));
}

TEST_CASE("where a cgroup is in the file system is told from the mounts") {
  const std::string other = "22 1 8:1 / / rw - ext4 /dev/sda rw\n23 22 0:5 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
  const std::string whole = other + "30 23 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
  CHECK(unified_directory(whole, "/a/b") == "/sys/fs/cgroup/unified/a/b");
  CHECK(unified_directory(whole, "/") == "/sys/fs/cgroup/unified");
  CHECK_FALSE(unified_directory(whole, "/../outside"));
  CHECK_FALSE(unified_directory(other, "/a"));
  // A container that sees only its own part of it.
  const std::string part = other + "30 23 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  CHECK(unified_directory(part, "/box/a") == "/sys/fs/cgroup/a");
  CHECK(unified_directory(part, "/box") == "/sys/fs/cgroup");
  CHECK_FALSE(unified_directory(part, "/boxes/a"));
  CHECK_FALSE(unified_directory("30 23\n - cgroup2 \n", "/a"));
}

TEST_CASE("a daemon with a cgroup to itself goes into a leaf, kills a dead worker's jobs by their cgroup, and leaves nothing") {
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  House house({}, prefix(cgroup));
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker);
  CHECK(cgroup_of(house.pid()).ends_with("/daemon"));
  CHECK(cgroup_of(worker.pid).ends_with("/daemon"));
  const std::string directory = directory_of(cgroup, house, worker);
  REQUIRE(std::filesystem::exists(directory));
  const pid_t job = start_job(directory);
  worker.order(control::OrderKind::stop, 42);
  CHECK(signal_that_ended(job) == SIGKILL);
  broker.expect(Kind::worker_died);
  broker.exit_with(0);
  house.next_broker();
  house.signal(SIGINT);
  CHECK(house.wait() == 0);
  CHECK(cgroup.children() == 0);
}

TEST_CASE("after a reload workers have their cgroups as before, and new ones get theirs") {
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  House house({}, prefix(cgroup));
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker worker = start_worker(first);
  const pid_t job = start_job(directory_of(cgroup, house, worker));
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  second.expect(Kind::worker_started);
  second.expect(Kind::handover_done);
  CHECK(::waitpid(job, nullptr, WNOHANG) == 0);
  second.start_worker(2);
  const Worker next(second.expect(Kind::worker_started));
  CHECK(std::filesystem::exists(directory_of(cgroup, house, next)));
  worker.order(control::OrderKind::stop, 42);
  CHECK(signal_that_ended(job) == SIGKILL);
  second.expect(Kind::worker_died);
}

TEST_CASE("what a killed daemon's jobs left in their cgroups is killed by the next start") {
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  House house({}, prefix(cgroup));
  auto first = house.next_broker();
  first.expect_empty_handover();
  const std::string directory = directory_of(cgroup, house, start_worker(first));
  const std::string instance = house.instance();
  const pid_t job = start_job(directory);
  house.signal(SIGKILL);
  CHECK(house.wait() == -SIGKILL);
  house.start_again();
  auto second = house.next_broker();
  CHECK(signal_that_ended(job) == SIGKILL);
  second.expect_empty_handover();
  CHECK(house.instance() != instance);
  CHECK_FALSE(std::filesystem::exists(cgroup.path() + "/jobs/" + instance));
  CHECK(std::filesystem::exists(directory_of(cgroup, house, start_worker(second))));
}

TEST_CASE("a daemon that shares its cgroup takes nothing of it") {
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  House house({}, cgroup.enter() + "; sleep 1000 & exec");
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker);
  CHECK(cgroup.children() == 0);
  CHECK_FALSE(worker.is_zombie_or_gone());
  CHECK(house.log().find("has other processes in it") != std::string::npos);
}

TEST_CASE("the record of an instance names its cgroup, and one without is written as it always was") {
  supervisor::Instance instance{"0123456789abcdef0123456789abcdef", "boot", 77, 4242, 0, {}};
  CHECK(to_text(instance) == "jobpool-instance 1 0123456789abcdef0123456789abcdef boot 77 4242\n");
  CHECK(supervisor::instance_from(to_text(instance))->cgroup.empty());
  instance.cgroup = "/sys/fs/cgroup/a \"b\"";
  CHECK(supervisor::instance_from(to_text(instance))->cgroup == instance.cgroup);
  CHECK(supervisor::instance_from(to_text(instance))->start_time == 4242);
}

TEST_CASE("a cgroup that was delegated to an account, as systemd does it, is enough") {
  // The bug: cgroup.kill of the delegated cgroup itself had to be writable, which it is for root alone.
  const TestCgroup cgroup;
  if (!cgroup.is_there()) return;
  if (::geteuid() != 0) {
    WARN("only root can delegate: not tried");
    return;
  }
  constexpr uid_t kNobody = 65'534;
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"})
    REQUIRE(::chown((cgroup.path() + file).c_str(), kNobody, kNobody) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream(cgroup.path() + "/cgroup.procs") << ::getpid() << std::flush;
    if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(1);
    auto taken = supervisor::Cgroup::take("instance");
    if (!taken) ::_exit(2);
    const auto directory = taken->make_for(Incarnation{1});
    if (!directory || ::access((*directory + "/cgroup.kill").c_str(), W_OK) != 0) ::_exit(3);
    if (!cgroup_of(::getpid()).ends_with("/daemon")) ::_exit(4);
    taken->kill(Incarnation{1});
    taken->leave();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(cgroup.children() == 0);
}
