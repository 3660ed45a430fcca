// Durable jobs: what they keep when all of the daemon is killed, when it stops, and when only its broker dies.
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/occupy.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

namespace {

std::string submit(const Daemon& daemon, std::vector<std::string> options, const std::vector<std::string>& command) {
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return daemon.submit(std::move(options));
}

void require_running(const Daemon& daemon, const std::string& id) {
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
}

void check_ran_once(const Ledger& ledger, const std::string& name) {
  INFO(name);
  const auto entries = ledger.read();
  REQUIRE(entries.contains(name));
  CHECK(entries.at(name).starts == 1);
  CHECK(entries.at(name).ends == 1);
}

}  // namespace

TEST_CASE("after the death of everything, ended durable jobs have their outcome, result and output") {
  Daemon daemon({.workers = 2});
  const std::string command = daemon.submit({"--name", "speaker", "--", "sh", "-c", "echo said; echo aside >&2; exit 3"});
  const std::string function = daemon.submit({"@square", "12"});
  const std::string large = daemon.submit({"@echo", "\"" + std::string(100'000, 'x') + "\""});
  const std::string thrown = daemon.submit({"@fail", "\"no luck\"", "\"LuckError\""});
  const std::string signalled = daemon.submit({"--", "sh", "-c", "kill -SEGV $$"});
  for (const std::string& id : {command, function, large, thrown, signalled}) daemon.run({"wait", id});
  const json before = daemon.job(command);
  CHECK(before["durable"] == true);

  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.job(command) == before);
  const Finished got = daemon.run({"get", command});
  CHECK(got.exit_code == 3);
  CHECK(got.out == "said\n");
  CHECK(got.err.find("aside\n") != std::string::npos);
  CHECK(daemon.run({"get", function}).out == "144\n");
  CHECK(daemon.run({"get", large}).out.size() == 100'003);
  const Finished error = daemon.run({"get", thrown});
  CHECK(error.exit_code == 1);
  CHECK(error.err.find("LuckError: no luck") != std::string::npos);
  CHECK(daemon.run({"get", signalled}).exit_code == 128 + SIGSEGV);
}

TEST_CASE("after the death of everything, queued durable jobs run once, and new ones get new ids") {
  Daemon daemon({.workers = 1});
  const Ledger ledger(daemon.file("ledger"));
  make_jobs_slow(daemon);
  const std::string blocker = daemon.submit({"@sleep", "1000"});
  require_running(daemon, blocker);
  std::vector<std::string> queued;
  for (int number = 0; number < 20; ++number) queued.push_back(submit(daemon, {}, ledger.command(std::to_string(number))));

  daemon.kill_everything();
  daemon.start_again();
  for (std::size_t number = 0; number < queued.size(); ++number) {
    CHECK(daemon.run({"get", queued[number]}).exit_code == 0);
    check_ran_once(ledger, std::to_string(number));
    CHECK(daemon.job(queued[number])["attempt"] == 1);
    CHECK(daemon.job(queued[number])["attempts"].size() == 1);
  }
  const std::string next = daemon.submit({"@square", "2"});
  CHECK(std::stoull(next) > std::stoull(queued.back()));
}

TEST_CASE("a durable job that ran when everything died is interrupted, and its attempt is shown") {
  Daemon daemon({.workers = 2});
  const Ledger ledger(daemon.file("ledger"));
  const std::string command = submit(daemon, {}, ledger.command("command", "echo began; sleep 1001"));
  const std::string function = daemon.submit({"@sleep", "1000"});
  require_running(daemon, command);
  require_running(daemon, function);
  REQUIRE(wait_until([&] { return ledger.read().contains("command"); }));

  daemon.kill_everything();
  daemon.start_again();
  for (const std::string& id : {command, function}) {
    const Finished got = daemon.run({"get", id});
    CHECK(got.exit_code == 125);
    CHECK(got.err.find("interrupted") != std::string::npos);
    const json job = daemon.job(id);
    CHECK(job["outcome"] == "interrupted");
    CHECK(job["attempt"] == 1);
    REQUIRE(job["attempts"].size() == 1);
    CHECK(job["attempts"][0]["number"] == 1);
    CHECK(job["attempts"][0]["outcome"] == "interrupted");
  }
  CHECK(ledger.read().at("command").starts == 1);

  // And it stays so.
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.job(command)["outcome"] == "interrupted");
  CHECK(daemon.job(command)["attempts"].size() == 1);
}

TEST_CASE("with retries, a durable job that ran when everything died runs again as attempt 2") {
  Daemon daemon({.workers = 1});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  const std::string id =
      submit(daemon, {"--retries", "1", "--backoff", "10ms"}, ledger.command("again", "echo try; " + gate.wait() + "; echo $word"));
  require_running(daemon, id);
  REQUIRE(wait_until([&] { return ledger.read().contains("again"); }));

  daemon.kill_everything();
  daemon.start_again();
  gate.open("second");  // not before: the first attempt may live a moment longer than its daemon, and read a byte of it
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 0);
  CHECK(got.out == "try\nsecond\n");
  const json job = daemon.job(id);
  CHECK(job["attempt"] == 2);
  REQUIRE(job["attempts"].size() == 2);
  CHECK(job["attempts"][0]["outcome"] == "interrupted");
  CHECK(job["attempts"][1]["outcome"] == "succeeded");
  CHECK(ledger.read().at("again").starts == 2);
  CHECK(ledger.read().at("again").ends == 1);
}

TEST_CASE("a clean stop keeps queued durable jobs for the next start, and cancels ephemeral ones") {
  Daemon daemon({.workers = 1});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  const std::string running = submit(daemon, {}, ledger.command("running", "echo here; " + gate.wait()));
  require_running(daemon, running);
  const std::string durable = submit(daemon, {}, ledger.command("durable"));
  const std::string delayed = submit(daemon, {"--delay", "10ms", "--after-any", running}, ledger.command("delayed"));
  Child ephemeral = daemon.start({"apply", "--", "sh", "-c", "echo never"});
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["ready"] == 2; }));

  daemon.stop();
  const Finished told = ephemeral.finish();
  CHECK(told.exit_code == 125);
  CHECK(told.out.empty());
  CHECK(told.err.find("cancelled") != std::string::npos);

  daemon.start_again();
  CHECK(daemon.run({"wait", durable, delayed}).exit_code == 0);
  for (const std::string& id : {durable, delayed}) {
    CHECK(daemon.job(id)["outcome"] == "succeeded");
    CHECK(daemon.job(id)["attempt"] == 1);
  }
  check_ran_once(ledger, "durable");
  check_ran_once(ledger, "delayed");
  // It was stopped after the drain: its submitter must know that it may be half done.
  CHECK(daemon.job(running)["outcome"] == "interrupted");
}

TEST_CASE("durable jobs, queued and running, do not notice that the broker was killed") {
  Daemon daemon({.workers = 1});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  const std::string running = submit(daemon, {}, ledger.command("running", "echo before; " + gate.wait() + "; echo after"));
  require_running(daemon, running);
  std::vector<std::string> queued;
  for (int number = 0; number < 10; ++number) queued.push_back(submit(daemon, {}, ledger.command(std::to_string(number))));
  const std::string function = daemon.submit({"@square", "9"});

  const pid_t broker = daemon.broker_pid();
  REQUIRE(signal_child(broker, daemon.pid(), SIGKILL));
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(daemon.job(running)["state"] == "running");
  gate.open();
  CHECK(daemon.run({"get", running}).out == "before\nafter\n");
  check_ran_once(ledger, "running");
  for (std::size_t number = 0; number < queued.size(); ++number) {
    CHECK(daemon.run({"get", queued[number]}).exit_code == 0);
    CHECK(daemon.job(queued[number])["attempt"] == 1);
    check_ran_once(ledger, std::to_string(number));
  }
  CHECK(daemon.run({"get", function}).out == "81\n");
}

TEST_CASE("jobs with --ephemeral are gone with the daemon, and what they were is not held for unknown") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--ephemeral", "@square", "7"});
  CHECK(daemon.run({"get", id}).out == "49\n");
  CHECK(daemon.job(id)["durable"] == false);
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.run({"get", id}).exit_code == 125);
  CHECK(std::stoull(daemon.submit({"@square", "7"})) > std::stoull(id));
}

TEST_CASE("an apply with --durable has its answer also from the next daemon") {
  Daemon daemon({.workers = 1});
  const Finished applied = daemon.run({"apply", "--durable", "--unique", "kept", "--", "sh", "-c", "echo kept"});
  CHECK(applied.exit_code == 0);
  CHECK(applied.out == "kept\n");
  const Finished listed = daemon.run({"list", "--json"});
  const std::string id = std::to_string(json::parse(listed.out)["id"].get<std::uint64_t>());
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.run({"get", id}).out == "kept\n");
}

TEST_CASE("a job that is lent descriptors cannot be durable") {
  Daemon daemon({.workers = 1});
  const Finished output = daemon.run({"apply-async", "--durable", "--output", daemon.file("out"), "--", "true"});
  CHECK(output.exit_code == 2);
  CHECK(output.err.find("--durable") != std::string::npos);
  CHECK(daemon.run({"apply-async", "--durable", "--ephemeral", "--", "true"}).exit_code == 2);
  // Without asking for it: it is ephemeral.
  const std::string id = daemon.submit({"--output", daemon.file("out"), "--", "echo", "there"});
  CHECK(daemon.run({"wait", id}).exit_code == 0);
  CHECK(daemon.job(id)["durable"] == false);
}

TEST_CASE("a key is the same job also after the death of everything, and another submission's conflict") {
  Daemon daemon({.workers = 1});
  const std::string ended = daemon.submit({"--unique", "ended", "@square", "3"});
  CHECK(daemon.run({"get", ended}).out == "9\n");
  make_jobs_slow(daemon);
  const std::string blocker = daemon.submit({"@sleep", "1000"});
  require_running(daemon, blocker);
  const std::string queued = daemon.submit({"--unique", "queued", "--delay", "1ms", "@square", "4"});

  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.submit({"--unique", "ended", "@square", "3"}) == ended);
  CHECK(daemon.submit({"--unique", "queued", "--delay", "1ms", "@square", "4"}) == queued);
  for (const std::string& key : {std::string("ended"), std::string("queued")}) {
    const Finished other = daemon.run({"apply-async", "--unique", key, "@square", "5"});
    CHECK(other.exit_code != 0);
    CHECK(other.out.empty());
    CHECK(other.err.find(key) != std::string::npos);
  }
  CHECK(daemon.run({"get", queued}).out == "16\n");
  CHECK(daemon.job(queued)["attempts"].size() == 1);
}

// The daemon ended with 78, which nobody starts again, and every running job with it.
TEST_CASE("a store that is short of descriptors for a moment costs a broker, and no job") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const std::string running = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo through"});
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  VarlinkClient client = daemon.connect();
  const pid_t broker = client.call("org.jobpool.Pool.Hello")["brokerPid"];
  // Nobody else is about to leave or to come: then the lowest free number stays the one that the next descriptor gets.
  daemon.require_workers(2);
  REQUIRE(wait_until([&] { return client.call("org.jobpool.Pool.Status")["connections"] == 1; }));
  rlim_t lowest_free = 0;
  while (std::filesystem::exists(std::filesystem::symlink_status("/proc/" + std::to_string(broker) + "/fd/" + std::to_string(lowest_free))))
    ++lowest_free;
  const rlimit none{lowest_free, lowest_free};
  REQUIRE(::prlimit(broker, RLIMIT_NOFILE, &none, nullptr) == 0);
  const json job = {{"function", "echo"}, {"arguments", "[\"" + std::string(100'000, 'x') + "\"]"}};
  const json id = client.call("org.jobpool.Pool.ApplyAsync", {{"job", job}})["id"];
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  const Finished echoed = daemon.run({"get", std::to_string(id.get<int>())});
  CHECK(echoed.out.size() == 100'003);
  gate.open();
  CHECK(daemon.run({"get", running}).out == "through\n");
}
