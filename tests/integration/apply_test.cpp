// jobpool apply: run a job and wait for it, as if the command had been started here.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/pty.hpp"

using namespace jobpool::testing;
using jobpool::UniqueFd;

TEST_CASE("apply gives the command's two streams apart and its exit code") {
  Daemon daemon;
  const Finished finished = daemon.run({"apply", "--", "sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(finished.out == "out\n");
  CHECK(finished.err == "err\n");
  CHECK(finished.exit_code == 3);
}

TEST_CASE("apply of a function prints its result as JSON") {
  Daemon daemon;
  const Finished finished = daemon.run({"apply", "@square", "7"});
  CHECK(finished.out == "49\n");
  CHECK(finished.err.empty());
  CHECK(finished.exit_code == 0);
}

TEST_CASE("apply of a function that throws names type and text, and the worker goes on") {
  Daemon daemon({.workers = 1});
  const Finished finished = daemon.run({"apply", "@square", "\"seven\""});
  INFO(finished.err);
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.empty());
  CHECK_FALSE(finished.err.empty());
  CHECK(daemon.run({"apply", "@square", "3"}).out == "9\n");
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("apply of a function that no plugin registers says so") {
  Daemon daemon;
  const Finished finished = daemon.run({"apply", "@no_such_function"});
  INFO(finished.err);
  CHECK(finished.exit_code != 0);
  CHECK(finished.err.find("no_such_function") != std::string::npos);
}

TEST_CASE("apply answers like a shell when the command cannot be started or dies") {
  Daemon daemon;
  const Finished not_found = daemon.run({"apply", "--", "no-such-command-anywhere"});
  CHECK(not_found.exit_code == 127);
  CHECK(not_found.err.find("no-such-command-anywhere") != std::string::npos);

  std::ofstream(daemon.file("plain")) << "no program\n";
  const Finished not_executable = daemon.run({"apply", "--", daemon.file("plain")});
  CHECK(not_executable.exit_code == 126);
  CHECK(not_executable.err.find("plain") != std::string::npos);

  CHECK(daemon.run({"apply", "--", "sh", "-c", "kill -9 $$"}).exit_code == 137);
  CHECK(daemon.run({"apply", "--", "sh", "-c", "kill -TERM $$"}).exit_code == 143);
}

TEST_CASE("apply without anything to run is a usage error") {
  Daemon daemon;
  CHECK(daemon.run({"apply"}).exit_code == 2);
  CHECK(daemon.run({"apply", "--no-such-option", "--", "true"}).exit_code == 2);
}

TEST_CASE("apply passes 100 MB through byte for byte") {
  Daemon daemon;
  std::string big(100'000'000, '\0');
  std::mt19937_64 random(7);
  for (std::size_t at = 0; at + 8 <= big.size(); at += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, big.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::ofstream(daemon.file("big"), std::ios::binary) << big;

  const UniqueFd in(::open(daemon.file("big").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd out(::open(daemon.file("copy").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  Invocation call = daemon.invocation({"apply", "--", "cat"});
  call.stdin_fd = in.get();
  call.stdout_fd = out.get();
  CHECK(run(std::move(call)).exit_code == 0);
  const Finished same = run({.argv = {"cmp", daemon.file("big"), daemon.file("copy")}});
  INFO(same.out << same.err);
  CHECK(same.exit_code == 0);
}

TEST_CASE("apply through pipes ends when the command has ended") {
  Daemon daemon;
  // finish() waits for the end of stdout and stderr: a worker or an idle job that kept a copy of them would hold it up.
  const std::string text(3'000'000, 'x');
  const Finished finished = daemon.run({"apply", "--", "cat"}, text);
  CHECK(finished.exit_code == 0);
  CHECK((finished.out == text));
}

TEST_CASE("apply runs in the caller's folder, environment, umask and terminal") {
  Daemon daemon;
  std::filesystem::create_directory(daemon.file("here"));
  Invocation call = daemon.invocation({"apply", "--", "sh", "-c", "pwd; echo $COLOUR; umask; echo $JOBPOOL_POOL"});
  call.cwd = daemon.file("here");
  call.environment.push_back("COLOUR=blue");
  const mode_t before = ::umask(0027);
  const Finished finished = run(std::move(call));
  ::umask(before);
  CHECK(finished.out == daemon.file("here") + "\nblue\n0027\ndefault\n");

  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::grantpt(terminal.get()) == 0);
  REQUIRE(::unlockpt(terminal.get()) == 0);
  const UniqueFd other_end(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  Invocation on_terminal = daemon.invocation({"apply", "--", "test", "-t", "1"});
  on_terminal.stdout_fd = other_end.get();
  CHECK(run(std::move(on_terminal)).exit_code == 0);
  CHECK(daemon.run({"apply", "--", "test", "-t", "1"}).exit_code == 1);
}

TEST_CASE("a command has the nice value that was asked for, and the next one has not") {
  Daemon daemon({.workers = 1});
  const std::string usual = daemon.run({"apply", "--", "nice"}).out;
  CHECK(daemon.run({"apply", "--nice", "19", "--", "nice"}).out == "19\n");
  CHECK(daemon.run({"apply", "--", "nice"}).out == usual);
  const std::string id = daemon.submit({"--nice", "18", "--", "nice"});
  CHECK(daemon.run({"get", id}).out == "18\n");
  CHECK(daemon.run({"apply", "--nice", "20", "--", "nice"}).exit_code == 2);
}

TEST_CASE("apply --memory bounds what a command may allocate, and the next one has its own bound") {
  Daemon daemon({.workers = 1});
  const auto allocate = [&](const char* memory) {
    return daemon.run({"apply", "--memory", memory, "--", "python3", "-c", "print(len(bytearray(300 << 20)))"});
  };
  const Finished bounded = allocate("200M");
  CHECK(bounded.exit_code == 1);
  CHECK(bounded.err.find("MemoryError") != std::string::npos);
  CHECK(allocate("2G").out == "314572800\n");
  CHECK(daemon.run({"apply", "--memory", "much", "--", "true"}).exit_code == 2);
  CHECK(daemon.run({"apply", "--memory", "1G", "@square", "7"}).exit_code == 2);
}

TEST_CASE("nothing of one job is seen by the next") {
  Daemon daemon({.workers = 1});
  REQUIRE(daemon.run({"apply", "--", "sh", "-c", "cd /tmp; umask 0; trap '' USR1; LEFT=over; export LEFT; exec 9>/dev/null"}).exit_code ==
          0);
  const Finished finished =
      daemon.run({"apply", "--env", "COLOUR=red", "--", "sh", "-c", "echo $COLOUR$LEFT; ls /proc/self/fd | wc -l; exit 0"});
  CHECK(finished.out == "red\n4\n");  // 0, 1, 2 and the folder that ls reads
}

TEST_CASE("a client that dies in the middle of apply takes its job along") {
  Daemon daemon;
  Child client = daemon.start({"apply", "--", "sh", "-c", "echo $JOBPOOL_JOB_ID $$; exec sleep 1000"});
  const std::string line = client.read_line();
  const std::string id = line.substr(0, line.find(' '));
  const pid_t job = std::stoi(line.substr(line.find(' ')));
  REQUIRE(is_alive(job));
  client.send_signal(SIGKILL);
  CHECK(daemon.run({"wait", id}).exit_code == 0);
  CHECK_FALSE(is_alive(job));
  CHECK(daemon.job(id)["outcome"] == "cancelled");
}

TEST_CASE("a client that dies leaves its job running when it said --detach-on-interrupt") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  Child client = daemon.start({"apply", "--detach-on-interrupt", "--", "sh", "-c", "echo $JOBPOOL_JOB_ID; " + gate.wait() + "; exit 4"});
  const std::string id = client.read_line();
  client.send_signal(SIGKILL);
  REQUIRE(wait_until([&] { return client.has_ended(); }));  // its pipes stay open: the job has them
  // A later client's whole visit: had the death been taken for a cancel, that would have come first.
  const auto connections = [&] { return daemon.status()["connections"].get<int>(); };
  CHECK(wait_until([&] { return connections() == 1; }));
  CHECK(daemon.job(id)["state"] == "running");
  gate.open();
  CHECK(daemon.run({"wait", id}).exit_code == 0);
  const json job = daemon.job(id);
  CHECK(job["outcome"] == "failed");
  CHECK(job["exitCode"] == 4);
}

TEST_CASE("the first Ctrl-C goes to the job, whose answer counts") {
  Daemon daemon;
  Child client =
      daemon.start({"apply", "--", "sh", "-c", "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 1000 & wait; done"});
  CHECK(client.read_line() == "ready");
  client.send_signal(SIGINT);
  const Finished finished = client.finish();
  CHECK(finished.exit_code == 9);
  CHECK(finished.out == "interrupted\n");
}

TEST_CASE("a thousand clients at once all get their own answer") {
  constexpr int kClients = 1000;
  Daemon daemon({.workers = 4});
  raise_file_limit();
  std::vector<Child> clients;
  clients.reserve(kClients);
  for (int number = 0; number < kClients; ++number) {
    std::vector<std::string> words = {"apply", "@square", std::to_string(number)};
    if (number % 10 == 0) words = {"apply", "--", "echo", std::to_string(number * number)};
    clients.push_back(daemon.start(words));
  }
  int wrong = 0;
  for (int number = 0; number < kClients; ++number) {
    const Finished finished = clients[static_cast<std::size_t>(number)].finish(3 * kPatience);
    if (finished.exit_code == 0 && finished.out == std::to_string(number * number) + "\n") continue;
    ++wrong;
    UNSCOPED_INFO("client " << number << ": exit " << finished.exit_code << ", " << finished.out << finished.err);
  }
  CHECK(wrong == 0);
}

// A blocked signal is kept even where it is ignored: Ctrl-C ended what a script had put into the background.
TEST_CASE("where SIGINT is ignored, apply and map are not interrupted by it") {
  Daemon daemon;
  for (const std::string verb : {"apply", "map"}) {
    const Gate gate(daemon.file("gate-" + verb)), started(daemon.file("started-" + verb));
    Invocation call = daemon.invocation({});
    const std::string job = "echo >" + daemon.file("started-" + verb) + "; " + gate.wait() + "; exit 7";
    const std::string words = verb == "apply" ? "apply -- sh -c \"$1\"" : "map -- sh -c \"$1; {}\" ::: true true";
    call.argv = {"sh", "-c", "trap '' INT; exec \"$0\" " + words, call.argv.front(), job};
    Child child(std::move(call));
    Invocation waiting{.argv = {"sh", "-c", started.wait()}};
    REQUIRE(run(std::move(waiting)).exit_code == 0);
    child.send_signal(SIGINT);
    gate.open();
    gate.open();
    CHECK(child.finish().exit_code == (verb == "apply" ? 7 : 2));
  }
}

TEST_CASE("apply --stdin of a name that is this process's own gives what we read there, and is no input of a durable job") {
  // The bug: the worker opened its own of that name, which is empty, and nothing said so.
  Daemon daemon({.workers = 1});
  CHECK(daemon.run({"apply", "--stdin", "/dev/stdin", "--", "cat"}, "hello").out == "hello");
  const Finished durable = daemon.run({"apply", "--durable", "--stdin", "/dev/stdin", "--", "cat"}, "hello");
  CHECK(durable.exit_code == 2);
  CHECK(durable.err.find("name a file") != std::string::npos);
}

TEST_CASE("apply in the background of a terminal does not lend the job its keys") {
  // The bug: nobody stops a job that reads them, as it has no terminal. What was typed for the shell went to it.
  Daemon daemon({.workers = 1});
  const Pty pty;
  Invocation invocation = daemon.invocation({"apply", "--", "cat"});
  invocation.argv.insert(invocation.argv.begin(), {"setsid", "--ctty", "--wait", "sh", "-mc", "\"$@\" & wait $!", "sh"});
  invocation.stdin_fd = pty.user_side();
  CHECK(Child(std::move(invocation)).finish().exit_code == 0);
}
