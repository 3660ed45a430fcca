// What a function may call while it runs: results, errors, the question whether to stop.
#include "daemon/worker/function/call_state.hpp"

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

struct Call {
  Setup setup;
  WorkerIdentity worker{WorkerNumber{5}, "instance", "/socket"};
  Report report;
  CallState state{setup.attempt, FunctionView{"f", "the pool", "[1,2]"}, worker, setup.orders(), report};
  const jobpool_call* call = state.call();
};

TEST_CASE("a call tells its job, attempt, worker, pool and arguments") {
  Call with;
  CHECK(with.call->job_id == 7);
  CHECK(with.call->attempt == 1);
  CHECK(with.call->worker == 5);
  CHECK(std::string_view(with.call->pool, with.call->pool_length) == "the pool");
  CHECK(std::string_view(with.call->arguments, with.call->arguments_length) == "[1,2]");
}

TEST_CASE("of several results the last counts, and an error wins over all of them") {
  Call with;
  with.call->set_result(with.call, "1", 1);
  with.call->set_result(with.call, "22", 2);
  CHECK(with.report.result == "22");
  with.call->set_error(with.call, "Type", "message");
  with.call->set_result(with.call, "3", 1);
  CHECK(with.report.ending == Ending::threw);
  CHECK(with.report.error_type == "Type");
  CHECK(with.report.reason == "message");
  CHECK(with.report.result.empty());
}

TEST_CASE("a large result that is a part of the arguments stays there, where it may") {
  const std::string arguments = "[\"" + std::string(kMaxInlineResult, 'x') + "\",1]";
  Setup setup;
  const WorkerIdentity worker{WorkerNumber{5}, "instance", "/socket"};
  Report report;
  const CallState state{setup.attempt, FunctionView{"f", "p", arguments}, worker, setup.orders(), report, CallState::InPlace::yes};
  const jobpool_call* call = state.call();
  call->set_result(call, call->arguments + 1, kMaxInlineResult + 2);
  CHECK(report.result_in_place.data() == arguments.data() + 1);
  CHECK(report.result.empty());
  call->set_result(call, call->arguments + 1, kMaxInlineResult);
  CHECK(report.result_in_place.empty());
  CHECK(report.result == std::string_view(arguments).substr(1, kMaxInlineResult));
  const std::string other = arguments;
  call->set_result(call, other.data() + 1, kMaxInlineResult + 2);
  CHECK(report.result_in_place.empty());
  CHECK(report.result.size() == kMaxInlineResult + 2);
  call->set_result(call, call->arguments + 1, kMaxInlineResult + 2);
  call->set_error(call, "Type", "message");
  CHECK(report.result_in_place.empty());

  const CallState copying{setup.attempt, FunctionView{"f", "p", arguments}, worker, setup.orders(), report};
  report = {};
  copying.call()->set_result(copying.call(), arguments.data() + 1, kMaxInlineResult + 2);
  CHECK(report.result_in_place.empty());
}

TEST_CASE("an error without type or message is taken as it is") {
  Call with;
  with.call->set_error(with.call, nullptr, nullptr);
  CHECK(with.report.ending == Ending::threw);
}

TEST_CASE("should_stop is true after a stop order for this job and stays so") {
  Call with;
  with.setup.order(control::OrderKind::stop, 1000);
  CHECK(with.call->should_stop(with.call) == 1);
  CHECK(with.call->should_stop(with.call) == 1);
  CHECK(with.call->sleep(with.call, 3'600'000'000) == 1);
}

TEST_CASE("should_stop ignores signals and orders for other jobs") {
  Call with;
  with.setup.order(control::OrderKind::signal, 0, 15);
  with.setup.attempt.sequence.value += 1;
  with.setup.order(control::OrderKind::stop);
  CHECK(with.call->sleep(with.call, 0) == 0);
  CHECK(with.call->should_stop(with.call) == 0);
}

}  // namespace
}  // namespace jobpool::worker
