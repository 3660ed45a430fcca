// Outcomes, exit codes and what stderr hears.
#include "client/cli/exit_code.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

proto::Ending ending(Outcome outcome, std::optional<int> code = {}, std::optional<int> signal = {}, std::string reason = "") {
  proto::Ending end;
  end.id = JobId{12};
  end.outcome = outcome;
  end.exit_code = code;
  end.signal = signal;
  end.reason = std::move(reason);
  return end;
}

}  // namespace

TEST_CASE("a command's exit code passes through in silence") {
  for (const int code : {0, 1, 2, 3, 75, 124, 255}) {
    INFO(code);
    const proto::Ending end = ending(code == 0 ? Outcome::succeeded : Outcome::failed, code, {}, code == 0 ? "" : "exit code");
    CHECK(exit_code(end) == code);
    CHECK(ending_message(end).empty());
  }
}

TEST_CASE("a command that could not be started says why") {
  CHECK(exit_code(ending(Outcome::failed, 127)) == 127);
  CHECK(ending_message(ending(Outcome::failed, 127, {}, "nope: not found in PATH")) == "nope: not found in PATH");
  CHECK(ending_message(ending(Outcome::failed, 126, {}, "x: no permission")) == "x: no permission");
}

TEST_CASE("death by a signal is 128 + N, named unless the caller knows") {
  CHECK(exit_code(ending(Outcome::crashed, {}, 9)) == 137);
  CHECK(ending_message(ending(Outcome::crashed, {}, 9)) == "job 12: died of signal 9 (KILL)");
  CHECK(ending_message(ending(Outcome::crashed, {}, 9, "it wrote too much")) == "job 12: died of signal 9 (KILL): it wrote too much");
  CHECK(ending_message(ending(Outcome::crashed, {}, 9, "worker 1 was killed by signal 9")) == "job 12: died of signal 9 (KILL)");
  CHECK(exit_code(ending(Outcome::crashed, {}, 2)) == 130);
  CHECK(ending_message(ending(Outcome::crashed, {}, 2)).empty());
  CHECK(ending_message(ending(Outcome::crashed, {}, 13)).empty());
}

TEST_CASE("a function returns 0, throws 1, and its error is type and message") {
  CHECK(exit_code(ending(Outcome::succeeded)) == 0);
  proto::Ending thrown = ending(Outcome::failed, {}, {}, "not a number");
  thrown.error_type = "ValueError";
  CHECK(exit_code(thrown) == 1);
  CHECK(ending_message(thrown) == "ValueError: not a number");
}

TEST_CASE("outcomes without a code of their own are 124 and 125, with the reason") {
  CHECK(exit_code(ending(Outcome::timed_out, {}, 15)) == 124);
  CHECK(ending_message(ending(Outcome::timed_out, {}, 15)) == "job 12: timed_out: it ran longer than it was allowed to, and was stopped");
  CHECK(ending_message(ending(Outcome::timed_out, {}, 15, "after 5s")) == "job 12: timed_out: after 5s");
  for (const Outcome outcome : {Outcome::cancelled, Outcome::skipped, Outcome::interrupted, Outcome::poison}) {
    const proto::Ending end = ending(outcome, {}, 15, "because");
    CHECK(exit_code(end) == 125);
    CHECK(ending_message(end) == "job 12: " + std::string{to_string(outcome)} + ": because");
  }
  CHECK(exit_code(ending(Outcome::cancelled, 0)) == 125);
}
