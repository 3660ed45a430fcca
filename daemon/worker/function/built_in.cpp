// The built-in functions; see the header. noop, echo and square are the hot path of measurements and small jobs: they read their
// arguments' text in place. The others are for trials of what can go wrong, and are made as any plugin makes them.
#include "daemon/worker/function/built_in.hpp"

#include <signal.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <jobpool/task.hpp>
#include <string_view>

#include "daemon/worker/function/copy/copy_functions.hpp"
#include "daemon/worker/function/first_argument.hpp"

namespace jobpool::worker {
namespace {

std::string_view arguments_of(const jobpool_call* call) { return {call->arguments, call->arguments_length}; }

void set_result(const jobpool_call* call, std::string_view json) { call->set_result(call, json.data(), json.size()); }

// noop(…): null, whatever it is given.
void noop(const jobpool_call*, void*) {}

// echo(value, …): its first argument's text as it is; null without one.
void echo(const jobpool_call* call, void*) {
  const auto value = first_argument(arguments_of(call));
  if (!value) {
    call->set_error(call, "ArgumentError", "the arguments are not a JSON array");
    return;
  }
  set_result(call, value->empty() ? "null" : *value);
}

template <class Number>
void answer_number(const jobpool_call* call, Number number) {
  std::array<char, 32> text;  // the longest is a double's "-1.2345678901234567e-308"
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  set_result(call, {text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

// square(x): an integer's square is that integer exactly, or an error: a rounded one would look just as exact.
void square(const jobpool_call* call, void*) {
  const std::string_view text = first_argument(arguments_of(call)).value_or(std::string_view());
  long long integer = 0;
  if (parse_whole(text, integer)) {
    unsigned long long product = 0;
    if (!__builtin_mul_overflow(integer, integer, &product)) return answer_number(call, product);
    return call->set_error(call, "OverflowError", "the square does not fit into 64 bits");
  }
  // These characters only: from_chars also knows "inf" and "nan", which are not JSON.
  double number = 0;
  const bool is_number = text.find_first_of(".eE") != std::string_view::npos &&
                         text.find_first_not_of("+-.0123456789eE") == std::string_view::npos && parse_whole(text, number);
  if (!is_number) return call->set_error(call, "TypeError", "argument 1: must be a number of at most 64 bits");
  if (!std::isfinite(number * number)) return call->set_error(call, "OverflowError", "the square is too large");
  answer_number(call, number * number);
}

// sleep(seconds): null when the time is over.
void sleep_seconds(double seconds) {
  constexpr double kLongest = 1e9;  // 30 years: keeps the conversion from overflowing
  if (!(seconds >= 0)) throw TaskError("ValueError", "the time to sleep must not be negative");
  if (wait_for_stop(std::chrono::microseconds(std::llround(std::min(seconds, kLongest) * 1e6))))
    throw TaskError("Stopped", "was asked to stop while it slept");
}

// fail(message, type): always fails.
void always_fail(const std::optional<std::string>& message, const std::optional<std::string>& type) {
  throw TaskError(type.value_or("RuntimeError"), message.value_or("failed as it was asked to"));
}

// crash(signal): takes its worker with it.
void crash(std::optional<int> signal) {
  const int number = signal.value_or(SIGSEGV);
  ::signal(number, SIG_DFL);
  ::raise(number);
  throw TaskError("ValueError", "signal " + std::to_string(number) + " does not end a process");
}

// exit(status): what a library that calls exit() does to its worker.
void exit_process(std::optional<int> status) { std::exit(status.value_or(0)); }

task_detail::Registration sleep_task("sleep", "sleep(seconds)", &sleep_seconds);
task_detail::Registration fail_task("fail", "fail([message[, type]]): always fails", &always_fail);
task_detail::Registration crash_task("crash", "crash([signal]): kills its worker", &crash);
task_detail::Registration exit_task("exit", "exit([status]): ends its worker", &exit_process);

}  // namespace

void add_built_in(FunctionTable& table) {
  const std::string source = "built in";
  for (const jobpool_task& task : {jobpool_task{"noop", "noop(…): null", &noop, nullptr},
                                   {"echo", "echo(x): x", &echo, nullptr},
                                   {"square", "square(x): x * x", &square, nullptr}})
    table.add(task, Function::Origin::built_in, source);
  for (const jobpool_task& task : task_detail::registry()) table.add(task, Function::Origin::built_in, source);
  add_copy_functions(table);
}

}  // namespace jobpool::worker
