// Children get exactly their descriptors, at fixed numbers, however those of the parent lie; orphans are told from children and killed.
#include "daemon/supervisor/spawner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/supervisor/orphans.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;

namespace {

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

std::string read_all(int fd) {
  std::string all;
  char piece[256];
  for (ssize_t size; (size = ::read(fd, piece, sizeof piece)) > 0;) all.append(piece, static_cast<std::size_t>(size));
  return all;
}

// A descriptor at a given number with this text to read.
UniqueFd text_at(int number, std::string_view text) {
  UniqueFd file(::memfd_create("text", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
  if (file.get() == number) return file;
  REQUIRE(::dup3(file.get(), number, O_CLOEXEC) == number);
  return UniqueFd(number);
}

SpawnPlan shell(const std::string& script) {
  SpawnPlan plan;
  plan.program = "/bin/sh";
  plan.arguments = {"-c", script};
  plan.environment = {"PATH=/usr/bin:/bin"};
  return plan;
}

void read_up_to(int fd, std::string_view end) {
  std::string said;
  for (char byte; !said.ends_with(end); said += byte) REQUIRE(::read(fd, &byte, 1) == 1);
}

void await(const Child& child) {
  pollfd dead{child.process.get(), POLLIN, 0};
  REQUIRE(::poll(&dead, 1, 10000) == 1);
  REQUIRE(::waitpid(child.pid, nullptr, 0) == child.pid);
}

}  // namespace

TEST_CASE("a child gets its descriptors at their numbers even where sources and targets collide") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  // Numbers far above what the test runner may have open are no collision; 3, 4 and 5 are.
  const UniqueFd three = text_at(3, "was three"), four = text_at(4, "was four"), five = text_at(5, "was five");
  Pipe pipe;
  SpawnPlan plan = shell("exec 1>&6; for n in 3 4 5; do cat <&$n; echo; done; cd /proc/self/fd; echo *");
  plan.fds = {{4, 3}, {3, 4}, {5, 5}, {pipe.write.get(), 6}};
  auto child = (*spawner)->spawn(plan);
  REQUIRE(child);
  pipe.write.reset();
  // The shell itself opens nothing to expand the star but the directory, which takes the first free number.
  const std::string said = read_all(pipe.read.get());
  INFO(said);
  CHECK(said.substr(0, said.rfind('\n', said.size() - 2)) == "was four\nwas three\nwas five");
  CHECK(said.find("\n0 1 2 3 4 5 6") != std::string::npos);
  CHECK(said.find(" 8") == std::string::npos);
  await(*child);
}

TEST_CASE("a child has a session of its own, no blocked signal, an empty stdin, and only the given environment") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  sigset_t some, old;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &some, &old);
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  SpawnPlan plan =
      shell("exec 1>&3; grep -E '^SigBlk|^SigIgn' /proc/self/status; cat; env | grep -v ^PWD | sort; cut -d' ' -f6 /proc/$$/stat; echo $$");
  plan.environment.push_back("B=2");
  plan.fds = {{pipe.write.get(), 3}};
  auto child = (*spawner)->spawn(plan);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGPIPE, old_pipe);
  REQUIRE(child);
  pipe.write.reset();
  const std::string said = read_all(pipe.read.get());
  INFO(said);
  CHECK(said.find("SigBlk:\t0000000000000000\n") != std::string::npos);
  // glibc's posix_spawn leaves its two internal signals, 32 and 33, ignored.
  const std::size_t ignored = said.find("SigIgn:\t");
  REQUIRE(ignored != std::string::npos);
  CHECK((std::stoull(said.substr(ignored + 8, 16), nullptr, 16) & 0x7fffffff) == 0);
  CHECK(said.find("\nB=2\n") != std::string::npos);
  CHECK(said.find("HOME=") == std::string::npos);
  const std::string pid = std::to_string(child->pid);
  CHECK(said.find(pid + "\n" + pid + "\n") != std::string::npos);
  await(*child);
}

TEST_CASE("a program that cannot be started is an error that names it") {
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  SpawnPlan plan;
  plan.program = "/does/not/exist";
  auto child = (*spawner)->spawn(plan);
  REQUIRE(!child);
  CHECK(child.error().code == Errc::not_found);
  CHECK(child.error().text.find("/does/not/exist") != std::string::npos);
}

namespace {

// Kills orphans until there are none. Requires: SIGCHLD is blocked.
void sweep_all(Orphans& orphans) {
  sigset_t death;
  sigemptyset(&death);
  sigaddset(&death, SIGCHLD);
  while (orphans.sweep() == Orphans::State::dying) {
    const timespec patience{10, 0};
    REQUIRE(::sigtimedwait(&death, nullptr, &patience) == SIGCHLD);
  }
}

// Returns when it has said that it is as far as it is to get; it says so, and stays, with that pipe.
Child start_hostile(Spawner& spawner, Pipe& pipe, const std::string& script, std::string_view last_word) {
  SpawnPlan plan = shell("exec 1>&3; " + script);
  plan.environment.push_back("HOSTILE=" HOSTILE_PROGRAM);
  plan.fds = {{pipe.write.get(), 3}};
  auto child = spawner.spawn(plan);
  REQUIRE(child);
  pipe.write.reset();
  read_up_to(pipe.read.get(), last_word);
  return std::move(*child);
}

void block_child_exits() {
  sigset_t death;
  sigemptyset(&death);
  sigaddset(&death, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &death, nullptr);
}

// A child that is known, and what it has left behind.
struct HostileFamily {
  std::unique_ptr<Spawner> spawner;
  pid_t known = 0;
  Orphans orphans{[this](pid_t pid) { return pid == known; }};
  Pipe pipe;
  std::optional<Child> child;

  HostileFamily(const std::string& script, std::string_view last_word) {
    block_child_exits();
    auto started = Spawner::start();
    REQUIRE(started);
    spawner = std::move(*started);
    child = start_hostile(*spawner, pipe, script, last_word);
    known = child->pid;
  }
  // Of the child.
  void end() const {
    ::kill(known, SIGKILL);
    await(*child);
  }
};

}  // namespace

TEST_CASE("orphans are found and killed with all their descendants, and spawned children are not touched") {
  block_child_exits();
  auto spawner = Spawner::start();
  REQUIRE(spawner);
  pid_t known = 0;
  Orphans orphans([&known](pid_t pid) { return pid == known; });
  Pipe pipe;
  // Three generations, of which two are left behind when their parents end; all hold the pipe open.
  SpawnPlan plan = shell("(setsid sh -c 'sleep 1000 & sleep 1000' & setsid sleep 1000 &); echo >&3; exec sleep 1000");
  plan.fds = {{pipe.write.get(), 3}};
  auto child = (*spawner)->spawn(plan);
  REQUIRE(child);
  known = child->pid;
  pipe.write.reset();
  char byte;
  REQUIRE(::read(pipe.read.get(), &byte, 1) == 1);
  sweep_all(orphans);
  CHECK(orphans.killed() >= 2);
  REQUIRE(::kill(known, 0) == 0);
  siginfo_t alive{};
  CHECK(::waitid(P_PID, static_cast<id_t>(known), &alive, WEXITED | WNOHANG | WNOWAIT) == 0);
  CHECK(alive.si_pid == 0);
  ::kill(known, SIGKILL);
  await(*child);
  // Nobody holds the pipe any more: the whole tree is gone.
  CHECK(read_all(pipe.read.get()).empty());
}

TEST_CASE("an orphan that lives on behind the end of its first thread is killed") {
  // The bug: /proc calls it a zombie, which was reaped and looked for, in vain and for ever: the supervisor stood still.
  HostileFamily family("\"$HOSTILE\" leave_headless; echo left; exec sleep 1000", "left\n");
  sweep_all(family.orphans);
  CHECK(family.orphans.killed() == 1);
  family.end();
  CHECK(read_all(family.pipe.read.get()).empty());
}

TEST_CASE("an orphan that does not die of SIGKILL is not waited for a second time") {
  // The bug: as long as there was one, each death of a worker was told two seconds late.
  HostileFamily family("exec \"$HOSTILE\" hold_orphan", "ready\n");
  Orphans& orphans = family.orphans;
  REQUIRE(orphans.sweep() == Orphans::State::dying);
  orphans.give_up_waiting(Clock::now() - std::chrono::hours(1));
  CHECK_FALSE(orphans.has_hung());  // it was killed later than that
  orphans.give_up_waiting(Clock::now());
  CHECK(orphans.has_hung());
  CHECK(orphans.sweep() == Orphans::State::none);
  CHECK(orphans.killed() == 1);
  family.end();
  CHECK(orphans.sweep() == Orphans::State::none);
  CHECK_FALSE(orphans.has_hung());
}
