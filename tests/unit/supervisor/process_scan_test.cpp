// Reading /proc, and ending what an earlier instance left.
#include "daemon/supervisor/process_scan.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "daemon/supervisor/leftovers.hpp"
#include "daemon/supervisor/spawner.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;

namespace {

Child sleeper(Spawner& spawner, const std::string& assignment) {
  SpawnPlan plan;
  plan.program = "/bin/sleep";
  plan.arguments = {"1000"};
  plan.environment = {assignment};
  auto child = spawner.spawn(plan);
  REQUIRE(child);
  return std::move(*child);
}

int signal_that_ended(const Child& child) {
  siginfo_t death{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid), &death, WEXITED | WNOHANG) == 0);
  return death.si_code == CLD_KILLED ? death.si_status : 0;
}

bool has(const std::vector<pid_t>& pids, pid_t pid) { return std::find(pids.begin(), pids.end(), pid) != pids.end(); }

// Of /proc/PID/stat, as long as it matters.
std::string line_of(std::uint64_t flags, std::uint64_t pending_signals) {
  return "123 (a) R (b c) S 45 1 1 0 -1 " + std::to_string(flags) + " 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0 0 0 0 0 0 0 " +
         std::to_string(pending_signals) + " 0\n";
}

}  // namespace

TEST_CASE("a status line is read even when the program's name holds blanks and brackets") {
  const auto status = parse_status(line_of(0, 0));
  REQUIRE(status);
  CHECK(status->pid == 123);
  CHECK(status->state == 'S');
  CHECK(status->parent == 45);
  CHECK(status->start_time == 98765u);
  CHECK_FALSE(status->is_dying);
}

TEST_CASE("a process that has got SIGKILL, or is on its way out, dies") {
  CHECK(parse_status(line_of(0, 1u << (SIGKILL - 1)))->is_dying);
  CHECK(parse_status(line_of(0x400104, 0))->is_dying);
  CHECK_FALSE(parse_status(line_of(0x400100, 1u << (SIGTERM - 1)))->is_dying);
}

TEST_CASE("what is no status line is nothing") {
  for (const char* line : {"", "123", "123 (a)", "123 (a) S", "123 (a) S x 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 98765 0", "x (a) S 45 1 1 0",
                           ") (", "123 (a) S 45 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0"}) {
    CHECK(!parse_status(line));
  }
}

TEST_CASE("a process finds itself and its children") {
  const auto self = process_status(::getpid());
  REQUIRE(self);
  CHECK(self->parent == ::getppid());
  CHECK(self->start_time > 0);
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  const Child child = sleeper(**spawner, "A=1");
  const auto children = children_of(::getpid());
  CHECK(std::any_of(children.begin(), children.end(), [&](const auto& status) { return status.pid == child.pid; }));
  ::kill(child.pid, SIGKILL);
  ::waitpid(child.pid, nullptr, 0);
}

TEST_CASE("a process is found by a whole assignment in its environment, not by a part of one") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  const std::string mark = "JOBPOOL_TEST_MARK=" + std::to_string(::getpid());
  const Child exact = sleeper(**spawner, mark), longer = sleeper(**spawner, mark + "0"), other = sleeper(**spawner, "X" + mark);
  const auto found = processes_with_environment(mark);
  CHECK(has(found, exact.pid));
  CHECK(!has(found, longer.pid));
  CHECK(!has(found, other.pid));
  for (const Child* child : {&exact, &longer, &other}) {
    ::kill(child->pid, SIGKILL);
    ::waitpid(child->pid, nullptr, 0);
  }
}

TEST_CASE("what lives on behind the end of its first thread is found by its environment") {
  // The bug: the environment of a thread that has ended is not there, and nobody ever found it.
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  const std::string mark = "JOBPOOL_TEST_MARK=headless" + std::to_string(::getpid());
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  const UniqueFd reading(ready[0]), writing(ready[1]);
  SpawnPlan plan;
  plan.program = "/bin/sh";
  plan.arguments = {"-c", "exec 1>&3; exec \"$HOSTILE\" headless"};
  plan.environment = {mark, "HOSTILE=" HOSTILE_PROGRAM};
  plan.fds = {{writing.get(), 3}};
  auto child = (*spawner)->spawn(plan);
  REQUIRE(child);
  char byte;
  REQUIRE(::read(reading.get(), &byte, 1) == 1);
  CHECK(has(processes_with_environment(mark), child->pid));
  ::kill(child->pid, SIGKILL);
  ::waitpid(child->pid, nullptr, 0);
}

TEST_CASE("leftovers of the earlier instance are killed, and only they") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  auto earlier = new_instance();
  auto now = new_instance();
  REQUIRE(earlier);
  REQUIRE(now);
  REQUIRE(earlier->id != now->id);
  const Child left = sleeper(**spawner, "JOBPOOL_INSTANCE=" + earlier->id), right = sleeper(**spawner, "JOBPOOL_INSTANCE=" + now->id);
  auto killed = kill_leftovers(*earlier, *now);
  REQUIRE(killed);
  CHECK(*killed == 1);
  CHECK(signal_that_ended(left) == SIGKILL);
  CHECK(signal_that_ended(right) == 0);
  ::kill(right.pid, SIGKILL);
  ::waitpid(right.pid, nullptr, 0);
}

TEST_CASE("an instance of an earlier boot can have left nothing") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  auto earlier = new_instance();
  auto now = new_instance();
  REQUIRE(earlier);
  REQUIRE(now);
  earlier->boot_id = "00000000-0000-0000-0000-000000000000";
  const Child left = sleeper(**spawner, "JOBPOOL_INSTANCE=" + earlier->id);
  auto killed = kill_leftovers(*earlier, *now);
  REQUIRE(killed);
  CHECK(*killed == 0);
  CHECK(signal_that_ended(left) == 0);
  ::kill(left.pid, SIGKILL);
  ::waitpid(left.pid, nullptr, 0);
}
