// Each call to the kernel fails once while a daemon starts, and while a new broker takes over from a dead one. Every failure costs a
// daemon of its own: all of them at night, each 24th in CI, from a drawn one on.
#include <signal.h>

#include <iostream>

#include "tests/fault/failing_programs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/test_size.hpp"

namespace jobpool::fault {

using namespace testing;

namespace {

constexpr int kMostCallsOfStart = 2'000;

// `attempt` says whether there was an nth call.
template <class Attempt>
void sweep(const char* what, failing_program program, failing_fault fault, Attempt attempt) {
  const int stride = of_size(24, 1);
  const unsigned seed = any_seed();
  INFO("seed " << seed);
  int nth = 1 + static_cast<int>(seed % static_cast<unsigned>(stride)), tried = 0;
  for (; nth < kMostCallsOfStart; nth += stride, ++tried) {
    FailingPrograms programs;
    INFO(name_of(fault) << " at call " << nth << " of the " << name_of(program) << ", " << what);
    if (!attempt(programs, nth)) break;
  }
  std::cout << name_of(fault) << " in the " << name_of(program) << ", " << what << ": " << tried << " of up to " << nth << " calls\n";
  CHECK(nth < kMostCallsOfStart);
}

bool has_crashed(const std::string& log) {
  return log.find("died of signal 11") != std::string::npos || log.find("died of signal 6") != std::string::npos;
}

// A daemon that may as well refuse to start.
class Start {
 public:
  explicit Start(const FailingPrograms& programs) : process_(invocation(programs)) {}

  // A client's look at it: it works, or has ended and told why.
  void check(failing_program program, failing_fault fault) {
    wait_until([&] { return process_.has_ended() || try_connect(folder_.file("socket")); });
    const Finished client = run({.argv = {testing::program("jobpool"), "--socket", folder_.file("socket"), "apply", "@square", "5"},
                                 .environment = {"JOBPOOL_NO_AUTOSTART=1"}});
    const bool serves = client.exit_code == 0 && client.out == "25\n";
    if (serves) process_.send_signal(SIGTERM);
    const Finished daemon = process_.finish();
    INFO("the client ended with " << client.exit_code << ": " << client.err << "\nthe daemon with " << daemon.exit_code << ": "
                                  << daemon.err);
    CHECK((daemon.exit_code == 0) == serves);
    CHECK_FALSE(daemon.err.empty());
    CHECK_FALSE(has_crashed(daemon.err));
    // One failure of a broker or a worker is one more start of it.
    if (program != IN_SUPERVISOR || is_harmless(fault)) CHECK(serves);
    const std::vector<pid_t> left = processes_with(folder_.path().string());
    INFO("left alive:" << describe(left));
    CHECK((wait_until([&] { return processes_with(folder_.path().string()).empty(); })));
  }

 private:
  Invocation invocation(const FailingPrograms& programs) const {
    const DaemonOptions options = programs.options();
    Invocation invocation;
    invocation.argv = {testing::program("jobpoold"), "--socket", folder_.file("socket"), "--state-dir", folder_.file("state"), "-j", "1"};
    invocation.argv.insert(invocation.argv.end(), options.arguments.begin(), options.arguments.end());
    invocation.environment = options.environment;
    return invocation;
  }

  TempDir folder_;
  Child process_;
};

// A command runs while its broker is replaced by one whose nth call fails. Answers whether there was one.
bool take_over(FailingPrograms& programs, failing_program program, failing_fault fault, int nth) {
  Daemon daemon(programs.options());
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  std::vector<std::string> words = {"--"};
  for (const std::string& word : ledger.command("job", gate.wait())) words.push_back(word);
  const std::string id = daemon.submit(words);
  REQUIRE(wait_until([&] { return ledger.read().contains("job"); }));
  const std::vector<pid_t> brokers = children_named(daemon.pid(), "jobpool-broker");
  REQUIRE(brokers.size() == 1);
  programs.arm(program, fault, nth);
  REQUIRE(signal_child(brokers[0], daemon.pid(), SIGKILL));
  gate.open();
  const Finished got = daemon.run({"get", id});
  INFO("get: " << got.err << daemon.log());
  CHECK(got.exit_code == 0);
  CHECK_FALSE(has_crashed(daemon.log()));
  CHECK(daemon.run({"apply", "@square", "5"}).out == "25\n");
  const Ledger::Entry ran = ledger.read()["job"];
  CHECK((ran.starts == 1 && ran.ends == 1));
  if (is_harmless(fault)) CHECK(daemon.status()["brokerRestarts"] == 1);
  return programs.disarm() >= nth;
}

}  // namespace

TEST_CASE("a call that fails while a daemon starts costs one more start, or the daemon says why it does not") {
  const auto program = GENERATE(IN_SUPERVISOR, IN_BROKER, IN_WORKER);
  const auto fault = GENERATE(NO_DESCRIPTOR, NO_MEMORY, INTERRUPTED, SHORT_COUNT);
  sweep("at the start", program, fault, [&](FailingPrograms& programs, int nth) {
    programs.arm(program, fault, nth);
    Start(programs).check(program, fault);
    return programs.disarm() >= nth;
  });
}

TEST_CASE("a broker that finds no descriptor for what it waits with says so and is started again") {
  // The bug: Asio tells that by an exception, which nobody caught: the broker crashed. These are its first calls for descriptors.
  for (int nth = 1; nth <= 4; ++nth) {
    INFO("call " << nth);
    FailingPrograms programs;
    programs.arm(IN_BROKER, NO_DESCRIPTOR, nth);
    Start(programs).check(IN_BROKER, NO_DESCRIPTOR);
    CHECK(programs.disarm() >= nth);
  }
}

TEST_CASE("a call that fails while a broker takes over costs no job anything") {
  const auto program = GENERATE(IN_SUPERVISOR, IN_BROKER);
  const auto fault = GENERATE(NO_DESCRIPTOR, NO_MEMORY, INTERRUPTED, SHORT_COUNT);
  sweep("at a takeover", program, fault, [&](FailingPrograms& programs, int nth) { return take_over(programs, program, fault, nth); });
}

TEST_CASE("a new broker that is short of descriptors or memory leaves the work to the next one") {
  // The bug: it said that no broker could ever work, and the daemon ended, with all that ran. (The ninth descriptor is the database, the
  // tenth its log: SQLite then opens them for reading only.)
  for (const int nth : {4, 9, 10}) {
    FailingPrograms programs;
    INFO(nth);
    CHECK(take_over(programs, IN_BROKER, NO_DESCRIPTOR, nth));
  }
  FailingPrograms programs;
  CHECK(take_over(programs, IN_BROKER, NO_MEMORY, 4));
}

TEST_CASE("a new broker reads the file of ids to its end") {
  // The bug: what one read() left over was taken for damage, and the daemon ended.
  FailingPrograms programs;
  CHECK(take_over(programs, IN_BROKER, SHORT_COUNT, 1));
}

}  // namespace jobpool::fault
