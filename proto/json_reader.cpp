// The grammar of JSON (RFC 8259). Recursion is bounded by the reader's depth.
#include "proto/json_reader.hpp"

#include <charconv>
#include <cstdint>

namespace jobpool::proto {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Number>
bool convert(std::string_view text, nlohmann::json& value) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  value = number;
  return true;
}

}  // namespace

char JsonReader::peek_behind_space() {
  while (at_ != end_ && is_space(*at_)) ++at_;
  return at_ == end_ ? '\0' : *at_;
}

bool JsonReader::take_word(std::string_view word) {
  peek();
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonReader::read_bool(bool& value) {
  value = peek() == 't';
  return take_word(value ? "true" : "false");
}

bool JsonReader::skip_digits() {
  if (at_ == end_ || !is_digit(*at_)) return false;
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return true;
}

std::string_view JsonReader::scan_number(bool& integral) {
  const char* const start = at_;
  const auto take_here = [&](char c) { return at_ != end_ && *at_ == c && (++at_, true); };  // no white space inside a number
  integral = true;
  take_here('-');
  if (!take_here('0') && !skip_digits()) return {};
  if (take_here('.')) {
    integral = false;
    if (!skip_digits()) return {};
  }
  if (take_here('e') || take_here('E')) {
    integral = false;
    if (!take_here('+')) take_here('-');
    if (!skip_digits()) return {};
  }
  return {start, static_cast<std::size_t>(at_ - start)};
}

bool JsonReader::read_number(nlohmann::json& value) {
  bool integral = false;
  const std::string_view text = scan_number(integral);
  if (text.empty()) return false;
  if (integral && text.front() != '-' && convert<std::uint64_t>(text, value)) return true;
  if (integral && convert<std::int64_t>(text, value)) return true;
  return convert<double>(text, value);  // as nlohmann does with integers beyond 64 bits; they are no `int` of the protocol
}

bool JsonReader::read_object_value(nlohmann::json& value) {
  value = nlohmann::json::object();
  auto& members = value.get_ref<nlohmann::json::object_t&>();
  return read_object([&](std::string_view key) {
    const auto [place, is_new] = members.try_emplace(std::string{key});
    if (is_new) return read_value(place->second);
    place->second = nlohmann::json(nlohmann::json::value_t::discarded);
    return skip_value();
  });
}

bool JsonReader::read_array_value(nlohmann::json& value) {
  value = nlohmann::json::array();
  auto& elements = value.get_ref<nlohmann::json::array_t&>();
  return read_array([&] { return read_value(elements.emplace_back()); });
}

bool JsonReader::read_value(nlohmann::json& value) {
  switch (peek()) {
    case '{':
      return read_object_value(value);
    case '[':
      return read_array_value(value);
    case '"':
      value = nlohmann::json(nlohmann::json::value_t::string);
      return read_string(value.get_ref<std::string&>());
    case 't':
      value = true;
      return take_word("true");
    case 'f':
      value = false;
      return take_word("false");
    case 'n':
      value = nullptr;
      return read_null();
    default:
      return read_number(value);
  }
}

bool JsonReader::skip_value() {
  bool integral = false;
  switch (peek()) {
    case '{':
      return read_list('{', '}', [this] { return skip_string() && take(':') && skip_value(); });
    case '[':
      return read_array([this] { return skip_value(); });
    case '"':
      return skip_string();
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return read_null();
    default:
      return !scan_number(integral).empty();
  }
}

bool is_json(std::string_view text) {
  JsonReader reader(text, kMaxPayloadDepth);
  return reader.skip_value() && reader.at_end();
}

bool is_json_array(std::string_view text, const LongRuns* runs) {
  JsonReader reader(text, kMaxPayloadDepth, runs);
  return reader.peek() == '[' && reader.skip_value() && reader.at_end();
}

}  // namespace jobpool::proto
