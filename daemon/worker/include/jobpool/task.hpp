// jobpool/task.hpp: C++ functions as jobs, one line each. Header-only; a plugin is one or more files such as
//
//     #include <jobpool/task.hpp>
//     JOBPOOL_TASK(square, [](long x) { return x * x; });
//     JOBPOOL_TASK(join, [](const std::vector<std::string>& words, std::optional<std::string> glue) { … });
//
// built as a shared library, and used as:  jobpool apply @square 7
//
// Arguments and results are anything that nlohmann::json converts, and nlohmann::json itself. Numbers are checked: a job that passes
// 2.5, "2" or 2^70 for a long fails with TypeError; the wrong number of arguments is an ArgumentError. std::optional at the end of the
// parameters may be left out. A void function returns null. An exception fails the job with its type and what(); jobpool::TaskError
// chooses the type's name. What functions share, and when they are asked to stop, is in jobpool_task.h.
#pragma once

#include <jobpool_task.h>

#include <cxxabi.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Hidden: two plugins in one worker must not share the registry (inline variables would otherwise be one in the whole process).
#pragma GCC visibility push(hidden)
namespace jobpool {

// An error whose type the function names itself: throw jobpool::TaskError("NotFound", "no such customer");
class TaskError : public std::runtime_error {
 public:
  TaskError(std::string type, const std::string& message) : std::runtime_error(message), type_(std::move(type)) {}
  const std::string& type() const { return type_; }

 private:
  std::string type_;
};

namespace task_detail {

using Json = nlohmann::json;

inline thread_local const jobpool_call* current_call = nullptr;  // a thread runs one function at a time

inline std::vector<jobpool_task>& registry() {
  static std::vector<jobpool_task> tasks;
  return tasks;
}

inline const jobpool_task_table* table() {
  static jobpool_task_table table;
  table = {JOBPOOL_TASK_ABI, static_cast<uint32_t>(registry().size()), registry().data()};
  return &table;
}

// How a JSON value becomes a parameter. The general case is nlohmann's; numbers and truth values are not bent to fit.
template <class T>
struct FromJson {
  static T read(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!value.is_boolean()) throw_type("true or false", value);
    } else if constexpr (std::is_integral_v<T>) {
      return read_integer(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (!value.is_number()) throw_type("a number", value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!value.is_string()) throw_type("a string", value);
    }
    return value.get<T>();
  }

 private:
  [[noreturn]] static void throw_type(const char* wanted, const Json& value) {
    std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    constexpr std::size_t kShownBytes = 60;  // enough to recognise it in one line of a terminal
    if (shown.size() > kShownBytes) shown = value.type_name();
    throw TaskError("TypeError", std::string("must be ") + wanted + ", not " + shown);
  }
  static T read_integer(const Json& value) {
    if (!value.is_number_integer()) throw_type("an integer", value);
    const bool fits =
        value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>()) : std::in_range<T>(value.get<std::int64_t>());
    if (!fits) throw_type("an integer within its type's range", value);
    return value.get<T>();
  }
};

template <class T>
struct FromJson<std::optional<T>> {
  static std::optional<T> read(const Json& value) {
    if (value.is_null()) return std::nullopt;
    return FromJson<T>::read(value);
  }
};

template <class T>
struct FromJson<std::vector<T>> {
  static std::vector<T> read(const Json& value) {
    if (!value.is_array()) throw TaskError("TypeError", std::string("must be an array, not ") + value.type_name());
    std::vector<T> items;
    items.reserve(value.size());
    for (const Json& item : value) items.push_back(FromJson<T>::read(item));
    return items;
  }
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
T read_argument(const Json& arguments, std::size_t index) {
  if constexpr (is_optional<T>) {
    if (index >= arguments.size()) return std::nullopt;
  }
  const std::string place = "argument " + std::to_string(index + 1) + ": ";
  try {
    return FromJson<T>::read(arguments[index]);
  } catch (const TaskError& error) {
    throw TaskError(error.type(), place + error.what());
  } catch (const Json::exception& error) {
    throw TaskError("TypeError", place + error.what());
  }
}

template <class... Parameters>
constexpr std::size_t required_count() {
  std::size_t count = 0, index = 0;
  ((++index, count = is_optional<Parameters> ? count : index), ...);
  return count;
}

inline void check_count(std::size_t given, std::size_t required, std::size_t most) {
  if (given >= required && given <= most) return;
  const std::string takes = required == most ? std::to_string(most) : std::to_string(required) + " to " + std::to_string(most);
  throw TaskError("ArgumentError", "takes " + takes + (takes == "1" ? " argument, " : " arguments, ") + std::to_string(given) +
                                       (given == 1 ? " was given" : " were given"));
}

// The parameters of a callable: those of its operator(), or of a function.
template <class Callable>
struct Signature : Signature<decltype(&Callable::operator())> {};
template <class Return, class... Parameters>
struct Signature<Return (*)(Parameters...)> {
  using Values = std::tuple<std::decay_t<Parameters>...>;
  using Indexes = std::index_sequence_for<Parameters...>;
  static constexpr std::size_t kCount = sizeof...(Parameters);
  static constexpr std::size_t kRequired = required_count<std::decay_t<Parameters>...>();
};
template <class Return, class... Parameters>
struct Signature<Return (*)(Parameters...) noexcept> : Signature<Return (*)(Parameters...)> {};
template <class Class, class Return, class... Parameters>
struct Signature<Return (Class::*)(Parameters...) const> : Signature<Return (*)(Parameters...)> {};
template <class Class, class Return, class... Parameters>
struct Signature<Return (Class::*)(Parameters...)> : Signature<Return (*)(Parameters...)> {};
template <class Class, class Return, class... Parameters>
struct Signature<Return (Class::*)(Parameters...) const noexcept> : Signature<Return (*)(Parameters...)> {};

template <class Callable, std::size_t... Index>
Json apply(Callable& callable, const Json& arguments, std::index_sequence<Index...>) {
  using Values = typename Signature<Callable>::Values;
  // Braces: evaluated from left to right, so the first wrong argument is the one that is named.
  Values values{read_argument<std::tuple_element_t<Index, Values>>(arguments, Index)...};
  if constexpr (std::is_void_v<decltype(std::apply(callable, std::move(values)))>) {
    std::apply(callable, std::move(values));
    return nullptr;
  } else {
    return Json(std::apply(callable, std::move(values)));
  }
}

inline std::string type_name(const std::exception& error) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(error).name();
}

template <class Callable>
void answer(const jobpool_call* call, Callable& callable) {
  using Shape = Signature<Callable>;
  const Json arguments = Json::parse(call->arguments, call->arguments + call->arguments_length, nullptr, false);
  if (!arguments.is_array()) throw TaskError("ArgumentError", "the arguments are not a JSON array");
  check_count(arguments.size(), Shape::kRequired, Shape::kCount);
  const std::string result = apply(callable, arguments, typename Shape::Indexes{}).dump(-1, ' ', false, Json::error_handler_t::replace);
  call->set_result(call, result.data(), result.size());
}

// The worker's way in. No exception leaves it but the end of the thread.
template <class Callable>
void run(const jobpool_call* call, void* data) {
  current_call = call;
  try {
    answer(call, *static_cast<Callable*>(data));
  } catch (const TaskError& error) {
    call->set_error(call, error.type().c_str(), error.what());
  } catch (const abi::__forced_unwind&) {
    // pthread_exit, or a cancelled thread: the C library aborts the process where that is caught and not thrown on.
    current_call = nullptr;
    throw;
  } catch (const std::exception& error) {
    call->set_error(call, type_name(error).c_str(), error.what());
  } catch (...) {
    call->set_error(call, "unknown exception", "the function threw something that is no std::exception");
  }
  current_call = nullptr;
}

template <class Callable>
class Registration {
 public:
  Registration(const char* name, const char* doc, Callable callable) : callable_(std::move(callable)) {
    registry().push_back({name, doc, &run<Callable>, &callable_});
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  Callable callable_;
};

}  // namespace task_detail

// For functions that run long; see jobpool_task.h. Only inside a call, in the thread that was called.
inline const jobpool_call& this_call() { return *task_detail::current_call; }
inline bool should_stop() { return this_call().should_stop(&this_call()) != 0; }
// Sleeps. True: the job is to stop. False: that time has passed.
inline bool wait_for_stop(std::chrono::microseconds time) { return this_call().sleep(&this_call(), time.count()) != 0; }

}  // namespace jobpool
#pragma GCC visibility pop

// What the worker asks for. `used` has it made although nothing in the plugin calls it; `inline` lets every file of the plugin have it.
extern "C" __attribute__((visibility("default"), used)) inline const jobpool_task_table* jobpool_plugin(uint32_t) {
  return jobpool::task_detail::table();
}

// Registers a lambda or a function under `name`. The doc form adds a line for people who look for functions.
#define JOBPOOL_TASK(name, ...) JOBPOOL_TASK_WITH_DOC(name, nullptr, __VA_ARGS__)
#define JOBPOOL_TASK_WITH_DOC(name, doc, ...) static ::jobpool::task_detail::Registration jobpool_task_##name(#name, doc, __VA_ARGS__)
