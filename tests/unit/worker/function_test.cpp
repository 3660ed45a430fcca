// The built-in functions, and what the runner makes of their answers.
#include <malloc.h>
#include <sys/wait.h>

#include <iostream>

#include "common/clock.hpp"
#include "daemon/worker/function/first_argument.hpp"
#include "tests/unit/worker/functions.hpp"

namespace jobpool::worker {
namespace {

TEST_CASE("noop returns null, whatever it is given") {
  Functions functions;
  CHECK(functions.answer("noop") == "null");
  CHECK(functions.answer("noop", R"([1,"x"])") == "null");
}

TEST_CASE("echo returns its first argument's text as it is") {
  Functions functions;
  for (const std::string value : {R"("text")", R"("a \" ] , \\")", R"({"a":[1,{"b":"]"}]})", "-1.50e3", "[[],[2]]", "null", R"("拷贝")"})
    CHECK(functions.answer("echo", "[ " + value + "\n, 2]") == value);
  CHECK(functions.answer("echo", "[\"only\"]") == "\"only\"");
  CHECK(functions.answer("echo", "[]") == "null");
  CHECK(functions.answer("echo", "[ ]") == "null");
}

TEST_CASE("brackets and quotes that do not match are refused by the scan for the first argument") {
  for (const char* text : {"", "[", "]", "7", "{}", "[\"]", "[[]", R"(["\"])", "[{]"}) {
    INFO(text);
    const auto found = first_argument(text);
    CHECK((!found || *found == "{"));
  }
  Functions functions;
  CHECK(functions.answer("echo", "7").starts_with("ArgumentError"));
}

TEST_CASE("square keeps integers exact, takes other numbers, and says what is wrong with the rest") {
  Functions functions;
  CHECK(functions.answer("square", "[7]") == "49");
  CHECK(functions.answer("square", "[-3037000499]") == "9223372030926249001");
  CHECK(functions.answer("square", "[1.5]") == "2.25");
  CHECK(functions.answer("square", "[3037000500]") == "9223372037000250000");
  CHECK(functions.answer("square", "[4294967295]") == "18446744065119617025");
  CHECK(functions.answer("square", "[4294967296]") == "OverflowError: the square does not fit into 64 bits");
  CHECK(functions.answer("square", "[1e200]") == "OverflowError: the square is too large");
  for (const char* bad : {"[]", "[\"7\"]", "[null]", "[nan]", "[inf]", "[true]", "7"})
    CHECK(functions.answer("square", bad).starts_with("TypeError"));
}

TEST_CASE("fail fails with the message and type it is given") {
  Functions functions;
  CHECK(functions.answer("fail", R"(["no luck"])") == "RuntimeError: no luck");
  CHECK(functions.answer("fail", R"(["no luck","Bad"])") == "Bad: no luck");
  CHECK(functions.answer("fail") == "RuntimeError: failed as it was asked to");
}

TEST_CASE("an unknown function fails with a list of the known ones and of where plugins come from") {
  Functions functions;
  const Report& report = functions.call("no_such");
  CHECK(report.ending == Ending::threw);
  CHECK(report.error_type == "NoSuchFunction");
  CHECK(report.reason ==
        "no function 'no_such' is registered; known are copy_files, copy_range, crash, echo, exit, fail, noop, sleep, square; plugins come "
        "from /the/plugins");
}

TEST_CASE("a failed call leaves nothing in the next report") {
  Functions functions;
  functions.call("fail", R"(["x"])");
  const Report& report = functions.call("noop");
  CHECK(report.ending == Ending::returned);
  CHECK(report.reason.empty());
  CHECK(report.error_type.empty());
}

TEST_CASE("a function reports no time and no memory and no stop of a command that ran before it") {
  // The bug: in a pool of one worker a function had those of the command before.
  Functions functions;
  functions.last_report() = functions.setup.run(command({"sh", "-c", "exit 3"})).report;
  functions.last_report().stopped = true;
  REQUIRE(functions.last_report().max_rss_bytes > 0);
  const Report& report = functions.call("noop");
  CHECK(report.user_usec == 0);
  CHECK(report.system_usec == 0);
  CHECK(report.max_rss_bytes == 0);
  CHECK_FALSE(report.stopped);
}

TEST_CASE("sleep takes its time, and refuses times that are none") {
  Functions functions;
  const TimePoint begin = Clock::now();
  CHECK(functions.answer("sleep", "[0.05]") == "null");
  CHECK(Clock::now() - begin >= std::chrono::milliseconds(50));
  CHECK(functions.answer("sleep", "[-1]").starts_with("ValueError"));
  CHECK(functions.answer("sleep", "[\"1\"]").starts_with("TypeError"));
}

TEST_CASE("a stop order ends a sleep at once") {
  Functions functions;
  functions.setup.order(control::OrderKind::stop, 5'000'000);
  CHECK(functions.answer("sleep", "[1000000]") == "Stopped: was asked to stop while it slept");
}

TEST_CASE("a stop order for an earlier job does not end a sleep") {
  Functions functions;
  functions.setup.attempt.sequence.value -= 1;
  functions.setup.order(control::OrderKind::stop);
  functions.setup.attempt.sequence.value += 1;
  CHECK(functions.answer("sleep", "[0.01]") == "null");
}

// exit() and a crash end the process: tried in one of their own.
int status_of(const std::string& name, const std::string& arguments) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    Functions functions;
    functions.call(name, arguments);
    ::_exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

TEST_CASE("crash dies of the signal it is given") {
  CHECK(WTERMSIG(status_of("crash", "[]")) == SIGSEGV);
  CHECK(WTERMSIG(status_of("crash", "[9]")) == SIGKILL);
}

#if !defined(JOBPOOL_ASAN) && !defined(JOBPOOL_TSAN)
TEST_CASE("once its buffers have grown, the call of noop allocates nothing") {
  Functions functions;
  const std::string name = "noop", arguments = "[1]";
  functions.call(name, arguments);
  const auto before = ::mallinfo2();
  for (int i = 0; i < 1000; ++i) functions.call(name, arguments);
  const auto after = ::mallinfo2();
  CHECK(after.uordblks == before.uordblks);
  CHECK(after.hblks == before.hblks);
}
#endif

}  // namespace
}  // namespace jobpool::worker
