// Fields of objects, appended as text.
#include "proto/json_writer.hpp"

#include <algorithm>
#include <charconv>

#include "proto/base64.hpp"
#include "proto/json_string.hpp"
#include "proto/utf8.hpp"

namespace jobpool::proto {
namespace {

void append_base64_string(std::string& out, std::string_view bytes) {
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

}  // namespace

void append_integer(std::string& out, std::int64_t number) {
  char digits[kMostDigits];
  out.append(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr - digits));
}

std::string& ObjectWriter::key(std::string_view name) {
  constexpr std::string_view kBetween = ",\"";
  out_.append(kBetween.substr(has_fields_ ? 0 : 1));
  has_fields_ = true;
  out_.append(name);
  return out_.append("\":", 2);
}

void ObjectWriter::text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }

void ObjectWriter::bytes(std::string_view name, std::string_view value) {
  if (is_protocol_text(value)) return text(name, value);
  append_base64_string(key(std::string(name).append(kTwinSuffix)), value);
}

void ObjectWriter::words(std::string_view name, const std::vector<std::string>& values) {
  const bool plain = std::all_of(values.begin(), values.end(), is_protocol_text);
  std::string& out = plain ? key(name) : key(std::string(name).append(kTwinSuffix));
  const auto append_word = plain ? append_json_string : append_base64_string;
  out += '[';
  for (const std::string& value : values) {
    if (&value != &values.front()) out += ',';
    append_word(out, value);
  }
  out += ']';
}

}  // namespace jobpool::proto
