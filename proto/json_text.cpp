// Members and elements, found by passing over those before them.
#include "proto/json_text.hpp"

#include <charconv>
#include <limits>

#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/passing.hpp"

namespace jobpool::proto {
namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

}  // namespace

std::optional<JsonText> JsonText::check(std::string_view text, int max_depth) {
  JsonReader reader(text, max_depth);
  JsonText checked;
  if (!reader.read_text(checked) || !reader.at_end()) return std::nullopt;
  return checked;
}

std::optional<std::string> JsonText::string() const {
  if (text_.front() != '"') return std::nullopt;
  return unescaped(text_.substr(1, text_.size() - 2));
}

std::optional<std::string> JsonText::protocol_text(LongRuns* runs) const {
  std::optional<std::string> text(std::in_place);
  if (!append_protocol_text(*text, runs)) text.reset();
  return text;
}

bool JsonText::append_protocol_text(std::string& text, LongRuns* runs) const {
  return text_.front() == '"' && append_unescaped(text, text_.substr(1, text_.size() - 2), runs);
}

std::string JsonText::unescaped(std::string_view written) {
  std::string text;
  append_unescaped(text, written);
  return text;
}

std::optional<std::int64_t> JsonText::integer() const {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
  if (error != std::errc{} || end != text_.data() + text_.size()) return std::nullopt;
  return number;
}

std::optional<bool> JsonText::boolean() const {
  if (text_ == "true") return true;
  if (text_ == "false") return false;
  return std::nullopt;
}

std::vector<JsonText> JsonText::elements(std::size_t most) const {
  std::vector<JsonText> elements;
  const char* const end = text_.data() + text_.size() - 1;  // its bracket
  const Passing passing{end, longest_};
  for (const char* at = behind_space(text_.data() + 1, end); at != end && elements.size() < most;) {
    const char* const begin = at;
    at = passing.behind_value(at);
    elements.push_back(JsonText(between(begin, at), longest_));
    at = behind_space(at, end);
    if (at != end) at = behind_space(at + 1, end);
  }
  return elements;
}

void JsonText::each_member(function_ref<bool(std::string_view key, JsonText value)> take) const {
  const char* const end = text_.data() + text_.size() - 1;  // its brace
  const Passing passing{end, longest_};
  for (const char* at = behind_space(text_.data() + 1, end); at != end;) {
    const char* const key = at + 1;
    const char* const behind_key = passing.behind_string(key);
    const char* const begin = behind_space(behind_space(behind_key, end) + 1, end);  // behind the colon
    at = passing.behind_value(begin);
    if (!take(between(key, behind_key - 1), JsonText(between(begin, at), longest_))) return;
    at = behind_space(at, end);
    if (at != end) at = behind_space(at + 1, end);
  }
}

std::optional<JsonText> JsonText::member(std::string_view name) const {
  std::optional<JsonText> found;
  if (is_object())
    each_member([&](std::string_view key, JsonText value) {
      if (key == name && !value.is_null()) found = value;
      return true;
    });
  return found;
}

nlohmann::json JsonText::tree() const {
  nlohmann::json value;
  // As deep as what it was checked for.
  if (JsonReader reader(text_, std::numeric_limits<int>::max()); !reader.read_value(value)) return nlohmann::json::value_t::discarded;
  return value;
}

}  // namespace jobpool::proto
