// jobpool reload, and HUP, under running jobs: the programs change, and no job or caller notices.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/integration/installation.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/test_size.hpp"

using namespace jobpool::testing;

namespace {

// Answers when the new broker does.
void reload(const Daemon& daemon) {
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(daemon.pid(), SIGHUP) == 0);
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(daemon.broker_pid() != broker);
}

bool has(const std::vector<pid_t>& pids, pid_t pid) { return std::find(pids.begin(), pids.end(), pid) != pids.end(); }

// As many as before, and none of those.
bool are_replaced(const Daemon& daemon, const std::vector<pid_t>& before) {
  const auto now = daemon.worker_pids();
  return now.size() == before.size() && std::none_of(now.begin(), now.end(), [&](pid_t pid) { return has(before, pid); });
}

}  // namespace

TEST_CASE("a command survives a reload, its caller gets all of its output, and its worker is replaced when it has ended") {
  Daemon daemon({.workers = 2});
  daemon.require_workers(2);
  const Gate gate(daemon.file("gate"));
  Child caller = daemon.start({"apply", "--", "sh", "-c", "echo $JOBPOOL_JOB_ID; " + gate.wait() + "; echo $word; exit 6"});
  const std::string id = caller.read_line();
  REQUIRE(wait_until([&] { return daemon.job(id).contains("pid"); }));
  const pid_t command = daemon.job(id)["pid"].get<pid_t>(), busy = parent_of(command);
  const auto before = daemon.worker_pids();
  const json hello = daemon.hello();

  reload(daemon);
  CHECK(daemon.hello()["instance"] == hello["instance"]);
  // The idle one is new, the busy one stays.
  CHECK(wait_until([&] {
    const auto now = daemon.worker_pids();
    return now.size() == 2 && has(now, busy) && std::count_if(now.begin(), now.end(), [&](pid_t pid) { return has(before, pid); }) == 1;
  }));
  CHECK(is_alive(command));
  CHECK_FALSE(caller.has_ended());
  CHECK(daemon.job(id)["state"] == "running");
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");

  gate.open("through");
  const Finished finished = caller.finish();
  CHECK(finished.exit_code == 6);
  CHECK(finished.out == "through\n");
  CHECK(wait_until([&] { return are_replaced(daemon, before); }));
  CHECK(daemon.run({"apply", "@square", "6"}).out == "36\n");
  CHECK(daemon.status()["workerRestarts"] == 0);  // those that left were no crashes
}

TEST_CASE("reload --wait returns when another broker serves, and what ran goes on") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string running = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo $word"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  const json before = daemon.hello();
  const pid_t supervisor = daemon.pid();
  const Finished reloaded = daemon.run({"reload", "--wait"});
  CHECK(reloaded.exit_code == 0);
  CHECK(reloaded.out.empty());
  CHECK(reloaded.err.empty());
  const json after = daemon.hello();
  CHECK(after["brokerPid"] != before["brokerPid"]);
  CHECK(after["instance"] == before["instance"]);
  CHECK(is_alive(supervisor));
  CHECK(daemon.job(running)["state"] == "running");
  gate.open("through");
  CHECK(daemon.run({"get", running}).out == "through\n");
  CHECK(daemon.status()["brokerRestarts"] == 1);
}

TEST_CASE("reload returns when it has begun, and callers that wait do not notice it") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  Child applied = daemon.start({"apply", "--", "sh", "-c", "echo ready; " + gate.wait() + "; exit 5"});
  REQUIRE(applied.read_line() == "ready");
  const pid_t broker = daemon.broker_pid();
  CHECK(daemon.run({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  CHECK_FALSE(applied.has_ended());
  gate.open();
  CHECK(applied.finish().exit_code == 5);
}

TEST_CASE("a reload with a broken configuration leaves everything as it was, and the log names the line") {
  Daemon daemon({.workers = 1});
  const json before = daemon.hello();
  daemon.configure("queue_limit = 0\n");
  CHECK(daemon.run({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] { return daemon.log().find("going on as before") != std::string::npos; }));
  // It waited for 30 s to say that nothing had come of it.
  const Finished refused = daemon.run({"reload", "--wait"}, {}, std::chrono::seconds(20));
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("the reload was refused") != std::string::npos);
  CHECK(daemon.log().find("daemon.toml:2: 'queue_limit'") != std::string::npos);
  CHECK(daemon.hello()["brokerPid"] == before["brokerPid"]);
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  daemon.configure("");
  CHECK(daemon.run({"reload", "--wait"}).exit_code == 0);
}

TEST_CASE("reload starts no daemon, and takes no operands") {
  Daemon daemon;
  CHECK(daemon.run({"reload", "now"}).exit_code == 2);
  daemon.stop();
  CHECK(daemon.run({"reload"}).exit_code == 125);
  CHECK_FALSE(try_connect(daemon.socket()));
}

TEST_CASE("the outcome and the output files of a job that ran across a reload are complete") {
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--", "sh", "-c", "echo before; echo aside >&2; " + gate.wait() + "; echo after; exit 3"});
  const std::string next = daemon.submit({"@square", "9"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  reload(daemon);
  gate.open();
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 3);
  CHECK(got.out == "before\nafter\n");
  CHECK(got.err.find("aside\n") != std::string::npos);
  CHECK(daemon.job(id)["attempt"] == 1);
}

// A worker in a function had the death of the thread that started it as its own, and a reload ends that thread.
TEST_CASE("a function survives a reload") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"@sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  const auto before = daemon.worker_pids();
  reload(daemon);
  CHECK(daemon.job(id)["state"] == "running");
  CHECK(daemon.worker_pids() == before);
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(wait_until([&] { return daemon.job(id)["outcome"] == "cancelled"; }));
  CHECK(wait_until([&] { return are_replaced(daemon, before); }));
}

TEST_CASE("nothing survives the death of a supervisor that was reloaded") {
  Daemon daemon({.workers = 2});
  Child command = daemon.start({"apply", "--", "sh", "-c", "setsid sleep 1001 & echo ready; wait; sleep 1002"});
  REQUIRE(command.read_line() == "ready");
  daemon.submit({"@sleep", "1000"});
  reload(daemon);
  daemon.kill();
  CHECK(command.finish().exit_code == 125);
  const bool all_gone = wait_until([&] { return daemon.survivors().empty(); });
  INFO(describe(daemon.survivors()));
  CHECK(all_gone);
}

TEST_CASE("reloads one after the other under load lose nothing and run nothing twice") {
  const int reloads = of_size(5, 100);
  const int clients_of_all = 20 * std::min(reloads, 50);
  Daemon daemon({.workers = 3});
  const Ledger ledger(daemon.file("ledger"));
  raise_file_limit();
  std::vector<Child> clients;
  clients.reserve(static_cast<std::size_t>(clients_of_all));
  int done = 0;
  for (int number = 0; number < clients_of_all; ++number) {
    const std::string name = std::to_string(number);
    std::vector<std::string> words = {"apply", "--"};
    const auto command = ledger.command(name, "sleep 0.02; echo " + name);
    words.insert(words.end(), command.begin(), command.end());
    clients.push_back(daemon.start(std::move(words)));
    if (number * reloads / clients_of_all < done) continue;
    reload(daemon);
    ++done;
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
  CHECK(daemon.status()["brokerRestarts"] == done);
  CHECK(daemon.status()["workerRestarts"] == 0);
}

TEST_CASE("who asks for a reload while another's is tried is told of its own") {
  const Installation installed;
  Daemon daemon(installed.options());
  installed.install(": >'" + installed.file("trying") + "'; while ! [ -e '" + installed.file("go") + "' ]; do sleep 0.01; done; exit 3");
  Child first = daemon.start({"reload", "--wait"});
  REQUIRE(wait_until([&] { return std::filesystem::exists(installed.file("trying")); }));
  Child second = daemon.start({"reload", "--wait"});
  REQUIRE(wait_until([&] { return daemon.log().find("it is tried once more") != std::string::npos; }));
  installed.install("exec \"$JOBPOOLD\" \"$@\"");
  std::ofstream(installed.file("go")) << "";
  const Finished refused = first.finish(), reloaded = second.finish();
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("the reload was refused") != std::string::npos);
  CHECK(reloaded.exit_code == 0);
  CHECK(reloaded.err.empty());
  CHECK(daemon.status()["reloads"] == 1);
}

// It exited with 0: another broker served, though of the old program.
TEST_CASE("reload --wait says when the new program could not be executed after the broker's end, and jobs go on") {
  const Installation installed;
  Daemon daemon(installed.options());
  const Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo through"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  installed.install("rm \"$0\"");
  const Finished reloaded = daemon.run({"reload", "--wait"});
  CHECK(reloaded.exit_code == 125);
  CHECK(reloaded.err.find("could not be executed") != std::string::npos);
  CHECK(daemon.status()["reloads"] == 0);
  CHECK(daemon.status()["failedReloads"] == 1);
  CHECK(daemon.job(id)["state"] == "running");
  gate.open();
  CHECK(daemon.run({"get", id}).out == "through\n");
  installed.install("exec \"$JOBPOOLD\" \"$@\"");
  CHECK(daemon.run({"reload", "--wait"}).exit_code == 0);
}

TEST_CASE("reload --wait says when the daemon ended of its new program") {
  const Installation installed;
  Daemon daemon(installed.options());
  installed.install("case \"$*\" in *--check-config*) ;; *) exit 7;; esac");
  const Finished reloaded = daemon.run({"reload", "--wait"});
  CHECK(reloaded.exit_code == 125);
  CHECK(reloaded.err.find("the daemon ended in the reload") != std::string::npos);
  CHECK(daemon.wait_for_exit() == 7);
}

// The supervisor, which had become the new program by then, ended of it, and every running job with it.
TEST_CASE("a reload to a broker that cannot be executed costs no running job, and is made up for when it can") {
  const TempDir programs;
  for (const char* name : {"jobpoold", "jobpool-broker", "jobpool-worker"}) std::filesystem::copy_file(program(name), programs.file(name));
  Daemon daemon({.workers = 1, .arguments = {"--program-dir", programs.path().string()}});
  const Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo through"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  // A torn installation: there, executable, and empty.
  const auto tear = [&] {
    std::ofstream(programs.file("torn")).close();
    std::filesystem::permissions(programs.file("torn"), std::filesystem::perms::owner_all);
    std::filesystem::rename(programs.file("torn"), programs.file("jobpool-broker"));
  };
  tear();
  const Finished refused = daemon.run({"reload", "--wait"}, {}, std::chrono::seconds(20));
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("the reload was refused") != std::string::npos);
  CHECK(daemon.log().find("jobpool-broker: Exec format error") != std::string::npos);
  // One that was whole when it was tried.
  std::filesystem::rename(programs.file("jobpool-broker"), programs.file("torn"));
  std::ofstream(programs.file("jobpool-broker")) << "#!/bin/sh\nmv '" << programs.file("torn") << "' \"$0\"\n";
  std::filesystem::permissions(programs.file("jobpool-broker"), std::filesystem::perms::owner_all);
  REQUIRE(daemon.run({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] { return daemon.log().find("Exec format error; trying again") != std::string::npos; }));
  std::filesystem::copy_file(program("jobpool-broker"), programs.file("whole"));
  std::filesystem::rename(programs.file("whole"), programs.file("jobpool-broker"));
  gate.open();
  CHECK(daemon.run({"get", id}).out == "through\n");
}
