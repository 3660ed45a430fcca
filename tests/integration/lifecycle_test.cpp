// The deaths of each of the daemon's processes, and what its users see of them: nothing more than they must.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

// Kills the broker; answers when another one does.
void kill_broker(const Daemon& daemon) {
  const pid_t broker = daemon.broker_pid();
  REQUIRE(signal_child(broker, daemon.pid(), SIGKILL));
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  VarlinkClient client = daemon.connect();  // the supervisor holds the socket: connecting works also while there is no broker
  CHECK(client.call("org.jobpool.Pool.Hello")["brokerPid"] != broker);
}

std::vector<std::string> apply_words(const std::vector<std::string>& command) {
  std::vector<std::string> words = {"apply", "--"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace

TEST_CASE("workers killed while idle are replaced") {
  Daemon daemon({.workers = 3});
  daemon.require_workers(3);
  const std::vector<pid_t> before = daemon.worker_pids();
  for (pid_t worker : before) REQUIRE(signal_child(worker, daemon.pid(), SIGKILL));
  REQUIRE(wait_until([&] { return daemon.status()["workerRestarts"] == 3; }));
  daemon.require_workers(3);
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
}

TEST_CASE("a worker killed in the middle of a command costs that job only, and nothing of its tree lives on") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  Child other = daemon.start({"apply", "--", "sh", "-c", "echo ready; " + gate.wait() + "; exit 6"});
  REQUIRE(other.read_line() == "ready");
  Child victim = daemon.start({"apply", "--", "sh", "-c", "setsid sleep 1001 & echo $JOBPOOL_JOB_ID; exec sleep 1002"});
  const std::string id = victim.read_line();
  REQUIRE(wait_until([&] { return daemon.job(id).contains("pid"); }));
  const pid_t worker = parent_of(daemon.job(id)["pid"].get<pid_t>());
  REQUIRE(signal_child(worker, daemon.pid(), SIGKILL));

  const Finished finished = victim.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("interrupted") != std::string::npos);
  CHECK(daemon.job(id)["outcome"] == "interrupted");
  const std::vector<pid_t> left = daemon.processes_of(id);
  INFO(describe(left));
  CHECK(left.empty());
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  gate.open();
  CHECK(other.finish().exit_code == 6);
}

TEST_CASE("a worker killed in the middle of a function costs that job, and other jobs nothing") {
  Daemon daemon({.workers = 1});
  const std::string function = daemon.submit({"@sleep", "1000"});
  const std::string next = daemon.submit({"@square", "6"});  // perhaps offered to the same worker already
  REQUIRE(wait_until([&] { return daemon.job(function)["state"] == "running"; }));
  REQUIRE(signal_child(daemon.worker_pids().at(0), daemon.pid(), SIGKILL));
  // The function was its worker: that it died of the signal is known, unlike of a command, which runs beside its worker.
  CHECK(daemon.run({"get", function}).exit_code == 137);
  CHECK(daemon.job(function)["outcome"] == "crashed");
  CHECK(daemon.run({"get", next}).out == "36\n");
  CHECK(daemon.job(next)["attempt"] == 1);
}

TEST_CASE("a function that crashes costs its own job and worker") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"@crash"});
  const std::string next = daemon.submit({"@square", "6"});
  CHECK(daemon.run({"get", id}).exit_code == 128 + SIGSEGV);
  CHECK(daemon.job(id)["outcome"] == "crashed");
  CHECK(daemon.run({"get", next}).out == "36\n");
}

TEST_CASE("a broker killed while jobs run is replaced, the jobs go on and their outcomes arrive") {
  Daemon daemon({.workers = 2});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  const std::string body = "echo ready; " + gate.wait();
  Child first = daemon.start(apply_words(ledger.command("first", body)));
  Child second = daemon.start(apply_words(ledger.command("second", body)));
  REQUIRE(first.read_line() == "ready");
  REQUIRE(second.read_line() == "ready");
  Child queued = daemon.start(apply_words(ledger.command("queued")));
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["ready"] == 1; }));
  const json instance = daemon.hello()["instance"];
  const std::vector<pid_t> workers = daemon.worker_pids();

  kill_broker(daemon);
  CHECK(daemon.hello()["instance"] == instance);
  CHECK(daemon.status()["brokerRestarts"] == 1);
  CHECK_FALSE(first.has_ended());
  gate.open();
  gate.open();
  CHECK(first.finish().exit_code == 0);
  CHECK(second.finish().exit_code == 0);
  CHECK(queued.finish().exit_code == 0);
  for (pid_t worker : workers) CHECK(is_alive(worker));
  const auto entries = ledger.read();
  CHECK(entries.size() == 3);
  for (const auto& [name, entry] : entries) {
    INFO(name);
    CHECK(entry.starts == 1);
    CHECK(entry.ends == 1);
  }
}

TEST_CASE("brokers killed one after the other under load lose nothing and run nothing twice") {
  const int deaths = of_size(5, 200);
  const int clients_of_all = 40 * std::min(deaths, 50);  // more would only wait in line
  Daemon daemon({.workers = 3});
  const Ledger ledger(daemon.file("ledger"));
  raise_file_limit();
  std::vector<Child> clients;
  clients.reserve(static_cast<std::size_t>(clients_of_all));
  int killed = 0;
  for (int number = 0; number < clients_of_all; ++number) {
    clients.push_back(daemon.start(apply_words(ledger.command(std::to_string(number), "sleep 0.02; echo " + std::to_string(number)))));
    if (number * deaths / clients_of_all < killed) continue;
    kill_broker(daemon);
    ++killed;
  }
  for (int number = 0; number < clients_of_all; ++number) {
    const Finished finished = clients[static_cast<std::size_t>(number)].finish();
    INFO("client " << number << ": " << finished.err);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == std::to_string(number) + "\n");
  }
  const auto entries = ledger.read();
  CHECK(entries.size() == static_cast<std::size_t>(clients_of_all));
  for (const auto& [name, entry] : entries) {
    INFO("job " << name);
    CHECK(entry.starts == 1);
    CHECK(entry.ends == 1);
  }
  CHECK(daemon.status()["brokerRestarts"] == killed);
}

TEST_CASE("nothing survives the supervisor's death, and the next start is clean") {
  Daemon daemon({.workers = 3});
  Child command = daemon.start({"apply", "--", "sh", "-c", "setsid sleep 1001 & (sleep 1002 &) ; echo ready; wait; sleep 1003"});
  REQUIRE(command.read_line() == "ready");
  Child stubborn = daemon.start({"apply", "--", "sh", "-c", "trap '' TERM HUP; echo ready; while :; do sleep 1004; done"});
  REQUIRE(stubborn.read_line() == "ready");
  const json instance = daemon.hello()["instance"];

  daemon.kill();
  // Its answer is not known, and it was not run again elsewhere: what follows says so.
  const Finished finished = command.finish();
  CHECK(finished.exit_code == 125);
  CHECK_FALSE(finished.err.empty());
  CHECK(stubborn.finish().exit_code == 125);
  const bool all_gone = wait_until([&] { return daemon.survivors().empty(); });
  INFO(describe(daemon.survivors()));
  CHECK(all_gone);

  daemon.start_again();
  CHECK(daemon.hello()["instance"] != instance);
  CHECK(daemon.run({"apply", "--", "echo", "back"}).out == "back\n");
}

TEST_CASE("a queues' log that cannot be opened is named, and no broker dies of it") {
  // The bug: the broker went on without what it had not made, and crashed.
  const TempDir folder;
  std::filesystem::create_directories(folder.file("state") + "/queues.log");
  const Finished daemon =
      run({.argv = {program("jobpoold"), "--socket", folder.file("socket"), "--state-dir", folder.file("state"), "-j", "1"}});
  CHECK(daemon.exit_code == 1);
  CHECK(daemon.err.find("queues.log: Is a directory") != std::string::npos);
  CHECK(daemon.err.find("died of signal") == std::string::npos);
}

TEST_CASE("a second daemon on the same state refuses to start and says why") {
  Daemon daemon;
  const Finished second =
      run({.argv = {program("jobpoold"), "--socket", daemon.file("other"), "--state-dir", daemon.file("state"), "-j", "1"}});
  CHECK(second.exit_code == 75);  // try again: another daemon has it
  CHECK(second.err.find("state") != std::string::npos);
  CHECK(daemon.run({"ping"}).exit_code == 0);
}

TEST_CASE("TERM to the supervisor stops what still runs after the drain, and tells its client") {
  Daemon daemon;
  Child running = daemon.start({"apply", "--", "sh", "-c", "echo ready; sleep 1000"});
  REQUIRE(running.read_line() == "ready");
  daemon.stop();
  const Finished finished = running.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("cancelled") != std::string::npos);
}
