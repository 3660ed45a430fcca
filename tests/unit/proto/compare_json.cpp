// Which differences from nlohmann's parser are wanted, and the comparison.
#include "tests/unit/proto/compare_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proto/json_reader.hpp"

namespace jobpool::proto {
namespace {

using nlohmann::json;

// nlohmann's parser takes more in these cases, each known and wanted.
bool may_differ(std::string_view text) {
  if (text.find('\0') != text.npos || text.starts_with("\xEF\xBB\xBF")) return true;  // an end to it; a byte order mark
  if (text.find("e-") != text.npos || text.find("E-") != text.npos) return true;      // numbers too small for a double
  return std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) > kMaxMessageDepth;
}

bool has_discarded(const json& value) {
  if (value.is_discarded()) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_discarded);
}

// JSON does not forbid it; nlohmann's parser does.
bool has_number_beyond_double(std::string_view text) {
  try {
    return json::parse(text).is_discarded();  // never: that is thrown
  } catch (const json::out_of_range&) {
    return true;
  } catch (const json::parse_error&) {
    return false;
  }
}

// The value, by passing over the parts of its text.
json rebuilt(JsonText text) {
  if (text.is_object()) {
    json object = json::object();
    text.each_member([&](std::string_view key, JsonText value) {
      object[JsonText::unescaped(key)] = rebuilt(value);
      return true;
    });
    return object;
  }
  if (text.is_array()) {
    json array = json::array();
    for (const JsonText element : text.elements()) array.push_back(rebuilt(element));
    return array;
  }
  if (const auto string = text.string()) return *string;
  if (const auto number = text.integer()) return *number;
  if (const auto truth = text.boolean()) return *truth;
  return json::parse(text.text());
}

std::string compare_parts(std::string_view text, const json& value) {
  const auto checked = JsonText::check(text, kMaxMessageDepth);
  if (!checked) return "checking refuses what reading takes";
  if (rebuilt(*checked) != value) return "the parts of the text are another value";
  return checked->tree() == value ? "" : "the tree of the text is another value";
}

}  // namespace

std::string compare_json(std::string_view text) {
  if (may_differ(text)) return "";
  json value;
  JsonReader reader(text, kMaxMessageDepth);
  const bool is_read = reader.read_value(value) && reader.at_end();
  const json expected = json::parse(text, nullptr, false);
  // The second value of a key is not read, only checked: any number may be in that.
  if (is_read && expected.is_discarded() && has_discarded(value) && has_number_beyond_double(text)) return "";
  if (is_read == expected.is_discarded()) return is_read ? "took what is no JSON" : "refused JSON";
  if (is_read && !has_discarded(value) && value != expected) return "read another value";
  if (is_read && !is_json(text)) return "skipping refuses what reading takes";
  return is_read && !has_discarded(value) ? compare_parts(text, value) : "";
}

}  // namespace jobpool::proto
