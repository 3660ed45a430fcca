// JSON values and C++ values: what functions take and give. A value of any JSON type travels as its text, so that no JSON library's
// types show here: `Json` holds text, and the overloads below turn common C++ types into it and back.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "jobpool/export.hpp"

namespace jobpool {

// The JSON text of one value, for whatever has no overload: pass it as an argument, or ask for it as a result.
struct Json {
  std::string text;
};

JOBPOOL_EXPORT void append_json(std::string& out, const Json& value);
JOBPOOL_EXPORT void append_json(std::string& out, std::nullptr_t);
JOBPOOL_EXPORT void append_json(std::string& out, bool value);
JOBPOOL_EXPORT void append_json(std::string& out, std::int64_t value);
JOBPOOL_EXPORT void append_json(std::string& out, std::uint64_t value);
JOBPOOL_EXPORT void append_json(std::string& out, double value);            // Errors: InvalidCall for what is no number: JSON has none
JOBPOOL_EXPORT void append_json(std::string& out, std::string_view value);  // Errors: InvalidCall: not UTF-8
inline void append_json(std::string& out, const char* value) { append_json(out, std::string_view{value}); }
inline void append_json(std::string& out, const std::string& value) { append_json(out, std::string_view{value}); }
template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, std::int64_t> && !std::same_as<T, std::uint64_t>) void append_json(std::string& out,
                                                                                                                       T value) {
  if constexpr (std::signed_integral<T>)
    append_json(out, static_cast<std::int64_t>(value));
  else
    append_json(out, static_cast<std::uint64_t>(value));
}
inline void append_json(std::string& out, float value) { append_json(out, static_cast<double>(value)); }
template <class T>
void append_json(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, static_cast<const T&>(values[i]));
  }
  out += ']';
}

// Requires: text is one JSON value. Errors: InvalidCall: of another type, or out of range.
JOBPOOL_EXPORT void from_json(std::string_view text, Json& value);
JOBPOOL_EXPORT void from_json(std::string_view text, bool& value);
JOBPOOL_EXPORT void from_json(std::string_view text, std::int64_t& value);
JOBPOOL_EXPORT void from_json(std::string_view text, std::uint64_t& value);
JOBPOOL_EXPORT void from_json(std::string_view text, double& value);
JOBPOOL_EXPORT void from_json(std::string_view text, std::string& value);
// The texts of an array's elements. Errors: InvalidCall: no array.
JOBPOOL_EXPORT std::vector<std::string> json_elements(std::string_view text);
[[noreturn]] JOBPOOL_EXPORT void throw_out_of_range(std::string_view text);

template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, std::int64_t> && !std::same_as<T, std::uint64_t>) void from_json(std::string_view text,
                                                                                                                     T& value) {
  std::conditional_t<std::signed_integral<T>, std::int64_t, std::uint64_t> wide = 0;
  from_json(text, wide);
  value = static_cast<T>(wide);
  if (static_cast<decltype(wide)>(value) != wide) throw_out_of_range(text);
}
template <class T>
void from_json(std::string_view text, std::vector<T>& values) {
  values.clear();
  for (const std::string& element : json_elements(text)) {
    T value{};
    from_json(element, value);
    values.push_back(std::move(value));
  }
}

// The JSON text of the array of `arguments`.
template <class... Arguments>
std::string json_array(const Arguments&... arguments) {
  std::string text{"["};
  [[maybe_unused]] const auto append_one = [&text](const auto& argument) {
    if (text.size() > 1) text += ',';
    append_json(text, argument);
  };
  (append_one(arguments), ...);
  return text + "]";
}

template <class T>
T json_value(std::string_view text) {
  T value{};
  from_json(text, value);
  return value;
}

}  // namespace jobpool
