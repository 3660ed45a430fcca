// Everything is killed, all the time, under a load of everything: workers, brokers, clients, supervisors, each at moments that a seed
// draws. 10,000, 500, 300 and 50 of them at night, a tenth in CI.
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "tests/fault/chaos_check.hpp"
#include "tests/fault/chaos_load.hpp"
#include "tests/fault/chaos_maps.hpp"
#include "tests/support/all_jobs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/footprint.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/test_size.hpp"

namespace jobpool::fault {

using namespace testing;

namespace {

constexpr int kWorkers = 4;
constexpr std::size_t kMaxClients = 8;  // more would only wait in line
constexpr std::size_t kMaxMaps = 2;
constexpr std::size_t kMaxUnanswered = 24;  // of the pipelined ones; each holds the next up until it is accepted

enum class Victim { worker, spare, broker, client, supervisor };

std::vector<Victim> drawn_victims(std::mt19937& random) {
  std::vector<Victim> victims;
  const auto add = [&](Victim victim, int nightly) { victims.insert(victims.end(), of_size(nightly / 10, nightly), victim); };
  add(Victim::worker, 10'000);
  add(Victim::spare, 500);
  add(Victim::broker, 500);
  add(Victim::client, 300);
  add(Victim::supervisor, 50);
  std::shuffle(victims.begin(), victims.end(), random);
  return victims;
}

void kill_child(const Daemon& daemon, const char* program, std::mt19937& random) {
  const bool killed = wait_until([&] {
    const std::vector<pid_t> alive = children_named(daemon.pid(), program);
    return !alive.empty() && signal_child(alive[random() % alive.size()], daemon.pid(), SIGKILL);
  });
  INFO("no " << program << " to kill, for a minute");
  REQUIRE(killed);
}

// What the daemon's processes hold, added up by program; no more again means that nothing was left.
struct Holdings {
  std::size_t supervisor_descriptors, broker_descriptors, worker_descriptors, shared_mappings, zombies;
  bool operator==(const Holdings&) const = default;
  bool is_within(const Holdings& most) const {
    return supervisor_descriptors <= most.supervisor_descriptors && broker_descriptors <= most.broker_descriptors &&
           worker_descriptors <= most.worker_descriptors && shared_mappings <= most.shared_mappings && zombies <= most.zombies;
  }
};

std::string describe(const Holdings& held) {
  return "descriptors of the supervisor " + std::to_string(held.supervisor_descriptors) + ", of the broker " +
         std::to_string(held.broker_descriptors) + ", of the workers " + std::to_string(held.worker_descriptors) +
         ", mappings of shared memory " + std::to_string(held.shared_mappings) + ", zombies " + std::to_string(held.zombies);
}

// The bug: `before` was taken while a connection that was on its way out was still open in the broker, and was never reached again. So who
// asks stays connected meanwhile, and nobody else is but the load.
Holdings holdings_of(const Daemon& daemon) {
  VarlinkClient client = daemon.connect();
  REQUIRE(wait_until([&] { return client.call("org.jobpool.Pool.Status")["connections"] == 2; }));
  const pid_t supervisor = daemon.pid(), broker = client.call("org.jobpool.Pool.Hello")["brokerPid"].get<pid_t>();
  Holdings held{open_descriptors(supervisor), open_descriptors(broker), 0, shared_mappings(broker), zombies_of(supervisor).size()};
  for (const pid_t worker : daemon.worker_pids()) {
    held.worker_descriptors += open_descriptors(worker);
    held.shared_mappings += shared_mappings(worker);
  }
  return held;
}

// What is on its way out besides is not there for two looks.
Holdings lasting_holdings_of(const Daemon& daemon) {
  Holdings held = holdings_of(daemon);
  REQUIRE(wait_until([&] {
    const Holdings earlier = std::exchange(held, holdings_of(daemon));
    return held == earlier;
  }));
  return held;
}

class Chaos {
 public:
  explicit Chaos(unsigned seed) : random_(seed) {}

  void run() {
    prepare();
    const Holdings before = lasting_holdings_of(daemon_);
    for (const Victim victim : drawn_victims(random_)) {
      load_.submit(random_() % 6);
      if (clients_.running() < kMaxClients && random_() % 3 == 0) clients_.start();
      if (maps_.running() < kMaxMaps && random_() % 8 == 0) maps_.start();
      if (random_() % 64 == 0) maps_.abandon_one();
      // Deaths fall on every moment of a job's life, and leave the jobs some life between them.
      ::poll(nullptr, 0, static_cast<int>(random_() % 6));
      strike(victim);
      clients_.collect();
      maps_.collect();
      load_.read_down_to(kMaxUnanswered);
    }
    finish_all();
    check_outcomes(daemon_, ledger_, log_);
    use_all_workers();
    check_nothing_left(before);
    CHECK(daemon_.run({"apply", "@square", "5"}).out == "25\n");
    tell();
  }

 private:
  // Whatever is opened at first use has been opened then.
  void prepare() {
    daemon_.require_workers(kWorkers);
    load_.submit(kMaxUnanswered);
    while (clients_.running() < kMaxClients) clients_.start();
    maps_.start();
    finish_all();
    use_all_workers();
    // The supervisor holds its descriptors as well.
    REQUIRE(wait_until([&] { return children_named(daemon_.pid(), "jobpool-spare").size() == 1; }));
  }

  // A worker keeps open what its first command made. The test's bug: one that had had none yet was counted without that.
  void use_all_workers() {
    daemon_.require_workers(kWorkers);
    std::vector<std::string> commands;
    for (int i = 0; i < kWorkers; ++i) commands.push_back(daemon_.submit({"--", "sh", "-c", gate_.wait()}));
    REQUIRE(wait_until(
        [&] { return std::ranges::all_of(commands, [&](const std::string& id) { return daemon_.job(id)["state"] == "running"; }); }));
    for (int i = 0; i < kWorkers; ++i) gate_.open();
    for (const std::string& id : commands) {
      REQUIRE(daemon_.run({"get", id}).exit_code == 0);
      REQUIRE(daemon_.run({"remove", id}).exit_code == 0);
    }
  }

  void finish_all() {
    load_.submit(1);  // so that it is connected afterwards, also where broker or supervisor died last and nothing was unanswered
    load_.read_down_to(0);
    clients_.finish();
    maps_.finish();
    REQUIRE(wait_until([&] { return is_quiet(daemon_); }, 4 * kPatience));
  }

  void strike(Victim victim) {
    switch (victim) {
      case Victim::worker:
        return kill_child(daemon_, "jobpool-worker", random_);
      case Victim::spare:
        return kill_child(daemon_, "jobpool-spare", random_);
      case Victim::broker:
        return kill_child(daemon_, "jobpool-broker", random_);
      case Victim::client:
        while (!clients_.kill_one()) clients_.start();
        return;
      case Victim::supervisor:
        return kill_daemon();
    }
  }

  void kill_daemon() {
    if (random_() % 2 == 0)
      daemon_.kill();
    else
      daemon_.kill_everything();
    load_.on_daemon_death();
    maps_.on_daemon_death();
    daemon_.start_again();
    const JobsById now = all_jobs(daemon_);
    check_kept(seen_, now);
    seen_ = now;
    std::erase_if(seen_, [](const auto& entry) { return !is_durable(entry.second["name"].template get<std::string>()); });
  }

  static bool is_durable(const std::string& name) { return Submitted{static_cast<Way>(name.front()), Work::function, 0}.is_durable(); }

  void check_nothing_left(const Holdings& before) {
    daemon_.require_workers(kWorkers);
    Holdings after{};
    const bool is_no_more = wait_until([&] { return (after = holdings_of(daemon_)).is_within(before); });
    INFO("before: " << describe(before) << "\nafter: " << describe(after));
    CHECK(is_no_more);
  }

  void tell() const {
    int accepted = 0, clients = 0, chunks = 0;
    for (const auto& [name, job] : log_) {
      accepted += job.id.has_value();
      clients += job.way == Way::apply || job.way == Way::submit;
      chunks += job.work == Work::chunk;
    }
    WARN(log_.size() << " jobs submitted, " << clients << " of them by client programs, " << chunks << " chunks of maps; " << accepted
                     << " ids told");
  }

  std::mt19937 random_;
  Daemon daemon_{{.workers = kWorkers, .arguments = {"--plugin-dir", CHAOS_PLUGIN_DIR}}};
  const Ledger ledger_{daemon_.file("ledger")};
  const Gate gate_{daemon_.file("gate")};
  Log log_;
  PipelinedLoad load_{daemon_, ledger_, log_, random_};
  ClientPrograms clients_{daemon_, ledger_, log_, random_};
  MapLoad maps_{daemon_, ledger_, log_, random_};
  JobsById seen_;
};

}  // namespace

TEST_CASE("whoever is killed: what was accepted ends once, starts once an attempt, is one job a key, and nothing is left of it") {
  const unsigned seed = any_seed();
  WARN("seed " << seed);
  Chaos(seed).run();
}

}  // namespace jobpool::fault
