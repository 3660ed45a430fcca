// The functions that a function may call; see the header and jobpool_task.h.
#include "daemon/worker/function/call_state.hpp"

#include <poll.h>

#include <algorithm>
#include <functional>

namespace jobpool::worker {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1};          // a function may ask in its innermost loop; a read each time would slow it down
constexpr std::chrono::hours kLongestSleep{24 * 366 * 30};  // keeps the sum with the clock from overflowing

bool is_within(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> is_before;  // of any two pointers
  return is_before(whole.data(), part.data()) && is_before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

void set_failure(Report& report, std::string_view type, std::string_view message) {
  report.ending = Ending::threw;
  report.error_type = type;
  report.reason = message;
  report.result.clear();
  report.result_in_place = {};
}

CallState::CallState(const Attempt& attempt, const FunctionView& spec, const WorkerIdentity& worker, Orders& orders, Report& report,
                     InPlace in_place)
    : call_{.attempt = attempt.number,
            .worker = worker.number.value,
            .job_id = attempt.job.value,
            .arguments = spec.arguments.data(),
            .arguments_length = spec.arguments.size(),
            .pool = spec.pool.data(),
            .pool_length = spec.pool.size(),
            .set_result = &CallState::set_result,
            .set_error = &CallState::set_error,
            .should_stop = &CallState::should_stop,
            .sleep = &CallState::sleep,
            .worker_data = this},
      sequence_(attempt.sequence),
      orders_(orders),
      report_(report),
      in_place_(in_place) {}

void CallState::set_result(const jobpool_call* call, const char* json, size_t length) {
  Report& report = of(call).report_;
  if (report.ending != Ending::returned) return;
  report.result_in_place = {};
  if (of(call).in_place_ == InPlace::no || length <= kMaxInlineResult ||
      !is_within({json, length}, {call->arguments, call->arguments_length}))
    return void(report.result.assign(json, length));
  report.result.clear();
  report.result_in_place = {json, length};
}

void CallState::set_error(const jobpool_call* call, const char* type, const char* message) {
  set_failure(of(call).report_, type == nullptr ? "" : type, message == nullptr ? "" : message);
}

int CallState::should_stop(const jobpool_call* call) {
  CallState& state = of(call);
  const TimePoint now = Clock::now();
  if (state.must_stop_ || now < state.look_again_) return state.must_stop_;
  state.look_again_ = now + kLookEvery;
  state.read_orders();
  return state.must_stop_;
}

int CallState::sleep(const jobpool_call* call, int64_t microseconds) {
  CallState& state = of(call);
  constexpr int64_t kMost = std::chrono::microseconds(kLongestSleep).count();
  const TimePoint end = Clock::now() + std::chrono::microseconds(std::clamp<int64_t>(microseconds, 0, kMost));
  for (state.read_orders(); !state.must_stop_; state.read_orders()) {
    const auto left = std::chrono::ceil<std::chrono::nanoseconds>(end - Clock::now());
    if (left.count() <= 0) break;
    if (state.orders_.is_shared()) {
      state.orders_.wait_for(state.sequence_, end);
      continue;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    pollfd orders{state.orders_.socket(), POLLIN, 0};
    ::ppoll(&orders, 1, &timeout, nullptr);
  }
  return state.must_stop_;
}

void CallState::read_orders() {
  // A closed socket: the supervisor is gone, and with it whoever wanted the result.
  if (!orders_.look()) must_stop_ = true;
  while (const auto order = orders_.next_for(sequence_))
    if (order->kind == control::OrderKind::stop) must_stop_ = true;
}

}  // namespace jobpool::worker
