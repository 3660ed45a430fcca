// nlohmann_json behind the typed values: strict, so that a wrong type is an error and never a conversion.
#include "jobpool/value.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "jobpool/errors.hpp"
#include "proto/chunk.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool {
namespace {

constexpr std::size_t kShownBytes = 60;  // of a value in an error text

[[noreturn]] void refuse(std::string_view text, std::string_view wanted) {
  const bool cut = text.size() > kShownBytes;
  throw InvalidCall("not " + std::string{wanted} + ": " + std::string{text.substr(0, kShownBytes)} + (cut ? "…" : ""));
}

nlohmann::json parse(std::string_view text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) refuse(text, "JSON");
  return value;
}

// The commonest values of all, for which the parser need not be called: a JSON integer of a few digits.
template <class Number>
bool read_short_integer(std::string_view text, Number& value) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && digits.size() > 1)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[32];
  out.append(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
}

}  // namespace

void append_json(std::string& out, const Json& value) { out += value.text; }
void append_json(std::string& out, std::nullptr_t) { out += "null"; }
void append_json(std::string& out, bool value) { out += value ? "true" : "false"; }
void append_json(std::string& out, std::int64_t value) { append_number(out, value); }
void append_json(std::string& out, std::uint64_t value) { append_number(out, value); }

void append_json(std::string& out, double value) {
  if (!std::isfinite(value)) throw InvalidCall("JSON has no infinity and no NaN");
  append_number(out, value);
}

void append_json(std::string& out, std::string_view value) {
  if (!proto::is_protocol_text(value)) throw InvalidCall("a string is not UTF-8, or holds U+0000");
  proto::append_json_string(out, value);
}

void from_json(std::string_view text, Json& value) { value.text = text; }

void from_json(std::string_view text, bool& value) {
  const nlohmann::json parsed = parse(text);
  if (!parsed.is_boolean()) refuse(text, "a boolean");
  value = parsed.get<bool>();
}

void from_json(std::string_view text, std::int64_t& value) {
  if (read_short_integer(text, value)) return;
  const nlohmann::json parsed = parse(text);
  if (!parsed.is_number_integer()) refuse(text, "an integer");
  if (parsed.is_number_unsigned() && parsed.get<std::uint64_t>() > INT64_MAX) throw_out_of_range(text);
  value = parsed.get<std::int64_t>();
}

void from_json(std::string_view text, std::uint64_t& value) {
  if (read_short_integer(text, value)) return;
  const nlohmann::json parsed = parse(text);
  if (!parsed.is_number_integer()) refuse(text, "an integer");
  if (!parsed.is_number_unsigned()) throw_out_of_range(text);
  value = parsed.get<std::uint64_t>();
}

void from_json(std::string_view text, double& value) {
  const nlohmann::json parsed = parse(text);
  if (!parsed.is_number()) refuse(text, "a number");
  value = parsed.get<double>();
}

void from_json(std::string_view text, std::string& value) {
  nlohmann::json parsed = parse(text);
  if (!parsed.is_string()) refuse(text, "a string");
  value = std::move(parsed.get_ref<std::string&>());
}

std::vector<std::string> json_elements(std::string_view text) {
  const auto slices = proto::read_elements(text);
  if (!slices) refuse(text, "an array");
  return {slices->begin(), slices->end()};
}

void throw_out_of_range(std::string_view text) { refuse(text, "within the range of the type asked for"); }

}  // namespace jobpool
