// A full ledger and a full disk under a real daemon: what is refused, what goes on, and that nothing accepted is lost.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/small_disk.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

namespace {

// Programs whose broker has a ledger that some thirty results of 30 KiB, or some sixty jobs, fill.
class SmallLedger {
 public:
  SmallLedger() {
    std::filesystem::create_symlink(program("jobpool-worker"), folder_.file("jobpool-worker"));
    std::ofstream(folder_.file("jobpool-broker"))
        << "#!/bin/sh\nexec '" << program("jobpool-broker") << "' \"$@\" --ledger-entries 64 --ledger-bytes 1048576\n";
    std::filesystem::permissions(folder_.file("jobpool-broker"), std::filesystem::perms::owner_all);
  }
  std::vector<std::string> daemon_arguments() const { return {"--program-dir", folder_.path()}; }

 private:
  TempDir folder_;
};

json durable_command(const Ledger& ledger, const std::string& name, const std::string& body = ":") {
  return {{"job",
           {{"name", name}, {"key", name}, {"command", ledger.command(name, body)}, {"environment", {std::string("PATH=/usr/bin:/bin")}}}}};
}

// Ephemeral, with a result of so many bytes that nobody collects.
std::string uncollected(std::size_t bytes) {
  const std::string arguments = json::array({json::array({std::string(bytes, 'r')})}).dump();
  return call_text("org.jobpool.Pool.ApplyAsync", {{"job", {{"durable", false}, {"function", "join"}, {"arguments", arguments}}}});
}

std::string id_of(const json& reply) {
  INFO(reply.dump());
  REQUIRE_FALSE(reply.contains("error"));
  return std::to_string(reply["parameters"]["id"].get<std::uint64_t>());
}

bool is_full(const json& reply) { return reply.value("error", "") == "org.jobpool.Pool.StoreFull"; }

void check_one_run(const Ledger& ledger, const std::string& name) {
  const Ledger::Entry ran = ledger.read()[name];
  INFO(name);
  CHECK(ran.starts == 1);
  CHECK(ran.ends == 1);
}

}  // namespace

TEST_CASE("a full ledger keeps no job from running: results that nobody collects give way, and a broker's death changes nothing of that") {
  const SmallLedger small;
  Daemon daemon({.workers = 2, .arguments = small.daemon_arguments()});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  VarlinkClient client = daemon.connect();
  const std::string running = id_of(client.reply_to("org.jobpool.Pool.ApplyAsync", durable_command(ledger, "running", gate.wait())));
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));
  std::vector<std::string> calls;
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 12; ++j) calls.push_back(uncollected(30'000));
    calls.push_back(call_text("org.jobpool.Pool.ApplyAsync", durable_command(ledger, "durable" + std::to_string(i))));
  }
  std::vector<std::string> ids;
  for (const json& reply : client.exchange(calls)) ids.push_back(id_of(reply));
  const auto is_quiet = [&] {
    const json pool = daemon.status()["pools"][0];
    return pool["ready"] == 0 && pool["running"] == 1;
  };
  REQUIRE(wait_until(is_quiet));
  CHECK(daemon.log().find("the ledger is full") != std::string::npos);

  const std::string newest = ids[ids.size() - 2];
  std::vector<std::string> were;  // "succeeded", or the error: the result was let go, or the whole job forgotten
  for (const std::string& id : ids) {
    const json got = daemon.connect().reply_to("org.jobpool.Job.Get", {{"id", std::stoull(id)}});
    were.push_back(got.contains("error") ? got["error"] : got["parameters"]["ending"]["outcome"]);
    INFO("job " << id << " is the " << were.size() << "th: " << got.dump().substr(0, 200));
    const bool has_given_way = were.back() == "org.jobpool.Job.NoOutput" || were.back() == "org.jobpool.Job.NoSuchJob";
    CHECK((were.back() == "succeeded" || (has_given_way && were.size() % 13 != 0)));  // each thirteenth is durable: the store has it
  }
  const auto left = std::count(were.begin(), were.end(), "succeeded");
  CHECK(left > 10 + 10);
  CHECK(left < 64);
  CHECK(were[were.size() - 2] == "succeeded");  // the newest of them

  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  CHECK(daemon.job(running)["state"] == "running");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (were[i] == "org.jobpool.Job.NoSuchJob") continue;  // no broker knows whether that was forgotten or never begun
    const json got = daemon.connect().reply_to("org.jobpool.Job.Get", {{"id", std::stoull(ids[i])}});
    INFO("job " << ids[i] << " was " << were[i] << " and is " << got.dump().substr(0, 200));
    CHECK((got.contains("error") ? got["error"] : got["parameters"]["ending"]["outcome"]) == were[i]);
  }
  gate.open();
  CHECK(daemon.run({"get", running}).exit_code == 0);
  check_one_run(ledger, "running");
  for (int i = 0; i < 10; ++i) check_one_run(ledger, "durable" + std::to_string(i));
}

TEST_CASE("a daemon that was killed, or stopped, begins on a full disk, where it can make room") {
  // The bug: it could not write who it is, so that nobody could remove a job.
  const SmallDisk disk(24, {"jobpool-broker", "jobpool-worker"});
  Daemon daemon({.workers = 1, .arguments = disk.daemon_arguments(), .state_dir = disk.path() + "/state"});
  const std::string id = daemon.submit({"--", "echo", "of before"});
  REQUIRE(daemon.run({"get", id}).exit_code == 0);
  disk.fill(0);
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.run({"get", id}).out == "of before\n");
  daemon.stop();
  daemon.start_again();
  CHECK(daemon.run({"remove", id}).exit_code == 0);
}

TEST_CASE("a full disk refuses new durable jobs, those that run are recorded, and with room all goes on by itself") {
  const SmallDisk disk(24, {"jobpool-broker", "jobpool-worker"});
  Daemon daemon({.workers = 2, .arguments = disk.daemon_arguments(), .state_dir = disk.path() + "/state"});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  VarlinkClient client = daemon.connect();
  int submitted = 0;
  std::vector<std::pair<std::string, std::string>> accepted;  // ids and names
  const auto submit = [&](const std::string& body) {
    const std::string name = "job" + std::to_string(++submitted);
    json call = durable_command(ledger, name, body);
    call["job"]["environment"].push_back("MUCH=" + std::string(4'000, 'm'));  // so that the log grows, which is written over for a while
    json reply = client.reply_to("org.jobpool.Pool.ApplyAsync", call);
    if (!reply.contains("error")) accepted.emplace_back(id_of(reply), name);
    return reply;
  };
  const std::string running = id_of(submit(gate.wait()));
  REQUIRE(wait_until([&] { return daemon.job(running)["state"] == "running"; }));

  disk.fill(0);
  json refusal = json::object();
  for (int i = 0; i < 1'000 && !is_full(refusal); ++i) refusal = submit(":");
  INFO(refusal.dump());
  REQUIRE(is_full(refusal));
  const Finished refused = daemon.run({"apply-async", "--", "true"});
  CHECK(refused.exit_code == 75);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("disk is full") != std::string::npos);
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");  // ephemeral
  gate.open();
  const auto are_all_recorded = [&] {
    return std::all_of(accepted.begin(), accepted.end(), [&](const auto& job) { return daemon.job(job.first)["state"] == "done"; });
  };
  if (disk.is_real()) CHECK(wait_until(are_all_recorded));  // what the ballast gives back is for that
  CHECK(is_full(submit(":")));

  disk.make_room();
  REQUIRE(wait_until([&] { return !is_full(submit(":")); }));
  CHECK(wait_until(are_all_recorded));
  // In the store, and not only in this daemon's memory.
  daemon.kill_everything();
  daemon.start_again();
  for (const auto& [id, name] : accepted) {
    INFO(name);
    CHECK(daemon.job(id)["outcome"] == "succeeded");
    check_one_run(ledger, name);
  }
  CHECK(ledger.read().size() == accepted.size());  // nothing that was refused
}
