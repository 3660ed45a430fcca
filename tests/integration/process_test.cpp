// jobpool process, and Process in the library: processes outside any pool.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "common/unique_fd.hpp"
#include "jobpool/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/wait_until.hpp"

using namespace jobpool::testing;
using namespace std::chrono_literals;

namespace {

Finished process(const Daemon& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), "process");
  return daemon.run(std::move(words));
}

// Its name, without the line feed.
std::string started(const Daemon& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), "start");
  const Finished run = process(daemon, std::move(words));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  REQUIRE(run.out.ends_with('\n'));
  return run.out.substr(0, run.out.size() - 1);
}

json shown(const Daemon& daemon, const std::string& name) { return json::parse(process(daemon, {"show", name, "--json"}).out); }

// When it runs.
json shown_running(const Daemon& daemon, const std::string& name) {
  REQUIRE(wait_until([&] { return shown(daemon, name).contains("pid"); }));
  return shown(daemon, name);
}

}  // namespace

TEST_CASE("process start gives a process a worker of its own, however busy the pools are, and prints its name") {
  Daemon daemon({.workers = 1});
  daemon.submit({"--", "sleep", "1000"});
  const std::string name = started(daemon, {"--", "sh", "-c", "echo $PPID; exit 3"});
  CHECK(name.starts_with("Process-"));
  CHECK(process(daemon, {"join", name}).exit_code == 0);
  const json ended = shown(daemon, name);
  CHECK(ended["exitCode"] == 3);
  CHECK(ended["alive"] == false);
  CHECK(daemon.run({"logs", std::to_string(ended["id"].get<int>())}).exit_code == 0);
  CHECK(started(daemon, {"--name", "seven", "@square", "7"}) == "seven");
  process(daemon, {"join", "seven"});
  CHECK(shown(daemon, "seven")["exitCode"] == 0);
  CHECK(daemon.run({"get", std::to_string(shown(daemon, "seven")["id"].get<int>())}).out == "49\n");
}

TEST_CASE("process show tells its own pid and its parent's, as getpid and getppid there") {
  Daemon daemon;
  const std::string name = started(daemon, {"--", "sh", "-c", "echo $$ $PPID; exec sleep 1000"});
  const json running = shown_running(daemon, name);
  const std::string said = std::to_string(running["pid"].get<int>()) + " " + std::to_string(running["parentPid"].get<int>()) + "\n";
  const std::string id = std::to_string(running["id"].get<int>());
  CHECK(wait_until([&] { return daemon.run({"logs", id}).out == said; }));
  CHECK(running["state"] == "running");
  CHECK_FALSE(running.contains("exitCode"));
  CHECK(process(daemon, {"show", "nobody"}).exit_code == 125);
}

TEST_CASE("process join waits no longer than it may, and says nothing of how the process ended") {
  Daemon daemon;
  const std::string name = started(daemon, {"--", "sleep", "1000"});
  const Finished early = process(daemon, {"join", name, "--timeout", "50ms"});
  CHECK(early.exit_code == 124);
  CHECK(early.err.find("not ended yet; it goes on") != std::string::npos);
  process(daemon, {"kill", name});
  CHECK(process(daemon, {"join", name}).exit_code == 0);
  CHECK(process(daemon, {"join", "nobody"}).exit_code == 125);
}

TEST_CASE("process alive, or process is_alive, answers by its exit code") {
  Daemon daemon;
  const std::string name = started(daemon, {"--", "sleep", "1000"});
  CHECK(process(daemon, {"alive", name}).exit_code == 0);
  CHECK(process(daemon, {"is_alive", name}).exit_code == 0);
  process(daemon, {"kill", name});
  process(daemon, {"join", name});
  CHECK(process(daemon, {"alive", name}).exit_code == 1);
  CHECK(process(daemon, {"alive", "nobody"}).exit_code == 125);
}

TEST_CASE("process terminate sends TERM, which a process may ignore, and the exit code is minus the signal") {
  Daemon daemon;
  const std::string soft = started(daemon, {"--", "sleep", "1000"});
  shown_running(daemon, soft);
  CHECK(process(daemon, {"terminate", soft}).exit_code == 0);
  process(daemon, {"join", soft});
  CHECK(shown(daemon, soft)["exitCode"] == -SIGTERM);
  CHECK(process(daemon, {"terminate", soft}).exit_code == 0);  // ended already: nothing to do

  const std::string hard = started(daemon, {"--", "sh", "-c", "trap 'echo ignored' TERM; echo ready; while :; do sleep 0.01; done"});
  const std::string id = std::to_string(shown_running(daemon, hard)["id"].get<int>());
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "ready\n"; }));
  process(daemon, {"terminate", hard});
  CHECK(wait_until([&] { return daemon.run({"logs", id}).out == "ready\nignored\n"; }));
  CHECK(process(daemon, {"alive", hard}).exit_code == 0);
  process(daemon, {"kill", hard});

  // It got KILL, and -9, where Python's gets TERM.
  const std::string function = started(daemon, {"@sleep", "100000000"});
  shown_running(daemon, function);
  process(daemon, {"terminate", function});
  process(daemon, {"join", function});
  CHECK(shown(daemon, function)["exitCode"] == -SIGTERM);
}

TEST_CASE("process kill sends KILL, which no process can ignore") {
  Daemon daemon;
  const std::string name = started(daemon, {"--", "sh", "-c", "trap '' TERM; while :; do sleep 1000; done"});
  shown_running(daemon, name);
  CHECK(process(daemon, {"kill", name}).exit_code == 0);
  process(daemon, {"join", name});
  CHECK(shown(daemon, name)["exitCode"] == -SIGKILL);
}

TEST_CASE("process without a verb, and with one that is none, is a usage error") {
  Daemon daemon;
  CHECK(process(daemon, {}).exit_code == 2);
  CHECK(process(daemon, {"nothing"}).err.find("jobpool process --help") != std::string::npos);
}

TEST_CASE("process list, process ls and process active_children show those that are alive, with --all the ended ones too") {
  Daemon daemon;
  started(daemon, {"--name", "first", "--", "true"});
  process(daemon, {"join", "first"});
  started(daemon, {"--name", "second", "--", "sleep", "1000"});
  const std::string alive = process(daemon, {"list", "--json"}).out;
  CHECK(json::parse(alive)["name"] == "second");
  const std::string all = process(daemon, {"list", "--all"}).out;
  CHECK(all.find("first") < all.find("second"));
  for (const char* alias : {"ls", "active_children"}) CHECK(process(daemon, {alias}).out.find("second") != std::string::npos);
}

TEST_CASE("a name is one process's as long as that is alive, and then another's") {
  Daemon daemon;
  started(daemon, {"--name", "mine", "--", "sleep", "1000"});
  const Finished again = process(daemon, {"start", "--name", "mine", "--", "true"});
  CHECK(again.exit_code == 125);
  CHECK(again.out.empty());
  CHECK(again.err.find("is alive already, job 1; take another name") != std::string::npos);
  process(daemon, {"kill", "mine"});
  process(daemon, {"join", "mine"});
  CHECK(started(daemon, {"--name", "mine", "--", "true"}) == "mine");
  process(daemon, {"join", "mine"});
  CHECK(shown(daemon, "mine")["exitCode"] == 0);
  CHECK(process(daemon, {"start", "--name", "no name", "--", "true"}).exit_code == 2);
  CHECK(process(daemon, {"start"}).exit_code == 2);
}

TEST_CASE("process start --daemon-of: the process ends with the one that is named, and a broker's death is not that") {
  Daemon daemon;
  Child owner({.argv = {"sleep", "1000"}});
  const std::string of = std::to_string(owner.pid());
  const std::string name = started(daemon, {"--daemon-of", of, "--", "sleep", "1000"});
  const json running = shown_running(daemon, name);
  CHECK(running["daemonic"] == true);
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  CHECK(shown(daemon, name)["pid"] == running["pid"]);
  CHECK(process(daemon, {"join", name, "--timeout", "50ms"}).exit_code == 124);
  REQUIRE(::kill(owner.pid(), SIGKILL) == 0);
  CHECK(process(daemon, {"join", name, "--timeout", "30s"}).exit_code == 0);
  CHECK(shown(daemon, name)["exitCode"] == -SIGTERM);
  const Finished nobody = process(daemon, {"start", "--daemon-of", "1073741823", "--", "true"});
  CHECK(nobody.exit_code == 125);
  CHECK(nobody.err.find("--daemon-of 1073741823: No such process") != std::string::npos);
}

// The bug: who held the process's connection had all that the caller had left open to it, so that a script's lock was held for the
// process's life.
TEST_CASE("process start --daemon-of keeps nothing of its caller's open") {
  Daemon daemon;
  const std::string fifo = daemon.file("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const jobpool::UniqueFd reading(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string of = std::to_string(::getpid());
  const int kept = GENERATE(3, 4, 9);
  Invocation start = daemon.invocation({"process", "start", "--daemon-of", of, "--name", "held", "--", "sleep", "1000"});
  const std::vector<std::string> shell{"sh", "-c", "exec " + std::to_string(kept) + R"(>"$0"; exec "$@")", fifo};
  start.argv.insert(start.argv.begin(), shell.begin(), shell.end());
  const Finished finished = Child(start).finish();
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  char byte = 0;
  CHECK(::read(reading.get(), &byte, 1) == 0);  // -1 while anybody may write
  CHECK(process(daemon, {"alive", "held"}).exit_code == 0);
  CHECK(process(daemon, {"kill", "held"}).exit_code == 0);
}

TEST_CASE("what is known of a process outlives broker and daemon, and it is never started a second time") {
  Daemon daemon;
  started(daemon, {"--name", "ended", "--", "sh", "-c", "exit 3"});
  process(daemon, {"join", "ended"});
  started(daemon, {"--name", "alive", "--", "sh", "-c", "echo once >>\"$0\"; exec sleep 1000", daemon.file("starts")});
  shown_running(daemon, "alive");
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  CHECK(process(daemon, {"alive", "alive"}).exit_code == 0);
  CHECK(process(daemon, {"start", "--name", "alive", "--", "true"}).exit_code == 125);
  daemon.kill_everything();
  daemon.start_again();
  CHECK(shown(daemon, "ended")["exitCode"] == 3);
  CHECK(process(daemon, {"join", "alive"}).exit_code == 0);
  CHECK(shown(daemon, "alive")["outcome"] == "interrupted");
  std::ifstream starts(daemon.file("starts"));
  CHECK(std::string(std::istreambuf_iterator<char>(starts), {}) == "once\n");
}

TEST_CASE("Process in the library: start, join, is_alive, pid, exitcode, terminate") {
  Daemon daemon;
  const jobpool::Client client(daemon.socket());
  jobpool::Process sleeper = client.process(jobpool::Command{.argv = {"sleep", "1000"}, .name = "sleeper"});
  CHECK_THROWS_AS(sleeper.is_alive(), jobpool::NoSuchProcess);
  sleeper.start();
  CHECK(sleeper.name() == "sleeper");
  CHECK_THROWS_AS(sleeper.start(), jobpool::InvalidCall);
  CHECK(sleeper.is_alive());
  CHECK_FALSE(sleeper.join(1ms));
  CHECK_FALSE(sleeper.exitcode());
  REQUIRE(wait_until([&] { return sleeper.pid().has_value(); }));
  CHECK(is_alive(*sleeper.pid()));
  CHECK(client.active_children().size() == 1);
  jobpool::Process same = client.process("square", 7);
  CHECK_THROWS_AS(same.set_name("sleeper").start(), jobpool::ProcessExists);
  sleeper.terminate();
  CHECK(sleeper.join());
  CHECK(sleeper.exitcode() == -SIGTERM);
  same.start();
  CHECK(same.join());
  CHECK(same.exitcode() == 0);
  CHECK(client.job(same.job_id()).get<int>() == 49);
  CHECK(client.active_children().empty());
}

TEST_CASE("a daemonic Process ends with the object that started it, also behind a broker's death, and another does not") {
  Daemon daemon;
  const jobpool::Client client(daemon.socket());
  const jobpool::Command sleep{.argv = {"sleep", "1000"}};
  std::string name, other;
  {
    jobpool::Process daemonic = client.process(sleep), plain = client.process(sleep);
    daemonic.set_daemon(true).start();
    plain.start();
    name = daemonic.name();
    other = plain.name();
    shown_running(daemon, name);
    const pid_t broker = daemon.broker_pid();
    REQUIRE(::kill(broker, SIGKILL) == 0);
    REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
    CHECK(daemonic.is_alive());
  }
  CHECK(process(daemon, {"join", name, "--timeout", "30s"}).exit_code == 0);
  CHECK(shown(daemon, name)["exitCode"] == -SIGTERM);
  CHECK(process(daemon, {"alive", other}).exit_code == 0);
}

TEST_CASE("a script has Pool, Queue and Process with Python's own modules, and they do what multiprocessing's do") {
  Daemon daemon;
  const Finished finished = run({.argv = {"python3", JOBPOOL_SOURCE_DIR "/tests/examples/processes.py", daemon.socket()}});
  CHECK(finished.err.empty());
  CHECK(finished.out ==
        "squares [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]\n"
        "exit codes [0, 0]\n"
        "alive True exit code None\n"
        "alive False exit code -15\n");
}
