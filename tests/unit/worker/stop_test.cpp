// Orders to a running command: stop with grace, signals, and orders that are not for it.
#include <sys/wait.h>

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

constexpr std::int64_t kHourUsec = 3'600'000'000;

struct Done {
  CommandRunner::Ended ended;
  std::string rest;  // of its stdout, after the first line
};

template <class Action>
Done run_with(Setup& setup, CommandSpec spec, Action action) {
  Pipe out;
  spec.passes_stdout = true;
  std::vector<UniqueFd> passed;
  passed.push_back(std::move(out.writing));
  Bystander bystander(out.reading.get(), action);
  CommandRunner::Ended ended = setup.run(spec, std::move(passed));
  return {std::move(ended), bystander.rest()};
}

CommandSpec shell(const std::string& script) { return command({"sh", "-c", script}); }

TEST_CASE("a stop is TERM first, and who obeys is not waited for any longer") {
  Setup setup;
  const Done done = run_with(setup, shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done"),
                             [&] { setup.order(control::OrderKind::stop, kHourUsec); });
  CHECK(done.ended.report.ending == Ending::exited);
  CHECK(done.ended.report.code == 5);
  CHECK(done.rest == "bye\n");
}

// TERM once went to the youngest first: the shell could see its child die, and end with code 0 before its own TERM came.
TEST_CASE("TERM reaches every descendant, not only the command's own group, and parents before their children") {
  Setup setup;
  const Done done = run_with(setup, shell("setsid sh -c 'echo ready; exec sleep 1000' & wait"),
                             [&] { setup.order(control::OrderKind::stop, kHourUsec); });
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(done.ended.report.ending == Ending::signalled);
}

TEST_CASE("during a stop the rest of the tree keeps its grace after the command itself has gone") {
  Setup setup;
  const Done done = run_with(setup, command({HOSTILE_PROGRAM, "clears_up"}), [&] { setup.order(control::OrderKind::stop, kHourUsec); });
  CHECK(done.ended.report.code == SIGTERM);
  CHECK(done.rest == "cleared\n");
}

TEST_CASE("a second stop shortens the grace of the first") {
  Setup setup;
  const Done done = run_with(setup, command({HOSTILE_PROGRAM, "ignore_term"}), [&] {
    setup.order(control::OrderKind::stop, kHourUsec);
    setup.order(control::OrderKind::stop, 0);
    setup.order(control::OrderKind::stop, kHourUsec);
  });
  CHECK(done.ended.report.code == SIGKILL);
}

TEST_CASE("an order that was read while the command's descriptors were waited for is obeyed") {
  // The bug: it was looked at when the next one came, which it never did: no TERM, and KILL, for the worker as well, when its grace was
  // over.
  Setup setup;
  CommandSpec spec = command({"sleep", "1000"});
  SECTION("a stop") {
    setup.order(control::OrderKind::stop, kHourUsec);
    REQUIRE(setup.orders().drain());
    CHECK(setup.run(spec).report.code == SIGTERM);
  }
  SECTION("a signal") {
    setup.order(control::OrderKind::signal, 0, SIGUSR1);
    REQUIRE(setup.orders().drain());
    CHECK(setup.run(spec).report.code == SIGUSR1);
  }
}

TEST_CASE("a stop without a time of its own has the job's grace") {
  Setup setup;
  CommandSpec spec = command({HOSTILE_PROGRAM, "ignore_term"});
  spec.grace = std::chrono::milliseconds(30);
  const Done done = run_with(setup, spec, [&] { setup.order(control::OrderKind::stop, -1); });
  CHECK(done.ended.report.code == SIGKILL);
}

TEST_CASE("a signal goes to the command's own group, and to nobody outside it") {
  Setup setup;
  // The one in the background has a session, so a group, of its own: INT would end it with a line. The command ends after its own INT,
  // when that process has had every chance; then it is killed without a word.
  const std::string outside = "setsid sh -c 'trap \"echo outside\" INT; echo ready; while :; do sleep 0.01; done' &";
  const Done done = run_with(setup, shell("trap 'echo inside; exit 4' INT; " + outside + " while :; do sleep 0.01; done"),
                             [&] { setup.order(control::OrderKind::signal, 0, SIGINT); });
  CHECK(done.ended.report.ending == Ending::exited);
  CHECK(done.ended.report.code == 4);
  CHECK(done.rest == "inside\n");
}

TEST_CASE("a signal that is none, or an order for another sequence, changes nothing") {
  Setup setup;
  const Done done = run_with(setup, shell("trap 'exit 6' USR1; echo ready; while :; do sleep 0.01; done"), [&] {
    setup.order(control::OrderKind::signal, 0, 0);
    setup.order(control::OrderKind::signal, 0, 65);
    setup.order(control::OrderKind::signal, 0, -9);
    // The bug: the attempt itself was given that sequence for the moment, and the runner, in its thread, took the order for its own.
    setup.order_to(Sequence{setup.attempt.sequence.value + 1}, control::OrderKind::stop, 0);
    setup.order(control::OrderKind::signal, 0, SIGUSR1);
  });
  CHECK(done.ended.report.ending == Ending::exited);
  CHECK(done.ended.report.code == 6);
}

TEST_CASE("KILL as a signal ends the command, and what it leaves behind goes too") {
  Setup setup;
  const Done done = run_with(setup, shell("sleep 1000 & echo ready; wait"), [&] { setup.order(control::OrderKind::signal, 0, SIGKILL); });
  CHECK(done.ended.report.ending == Ending::signalled);
  CHECK(done.ended.report.code == SIGKILL);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("an order to leave does not disturb the running command") {
  Setup setup;
  const Done done = run_with(setup, shell("trap 'exit 8' USR1; echo ready; while :; do sleep 0.01; done"), [&] {
    setup.order(control::OrderKind::leave);
    setup.order(control::OrderKind::signal, 0, SIGUSR1);
  });
  CHECK(done.ended.report.code == 8);
  CHECK(done.ended.after == CommandRunner::After::go_on);
  CHECK(setup.orders().leave_asked());
}

}  // namespace
}  // namespace jobpool::worker
