// Writes JSON objects straight into a string: what the messages need, and nothing more. Output is always valid JSON and UTF-8.
// Used on both sides of the protocol, in any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jobpool::proto {

inline constexpr std::size_t kMostDigits = 20;  // "-9223372036854775808"
void append_integer(std::string& out, std::int64_t number);
// One behind `before` and before `behind`, all three at once: for what is written hundreds of thousands of times a second.
template <std::size_t Before, std::size_t Behind>
void append_between(std::string& out, const char (&before)[Before], std::int64_t number, const char (&behind)[Behind]) {
  char text[Before + kMostDigits + Behind];
  std::memcpy(text, before, Before - 1);  // without the 0 of a literal
  char* const end = std::to_chars(text + Before - 1, text + sizeof text, number).ptr;
  std::memcpy(end, behind, Behind - 1);
  out.append(text, static_cast<std::size_t>(end - text) + Behind - 1);
}

// One object, from "{" at construction to "}" at close(). Field names are the interface's own: nothing in them needs escaping.
class ObjectWriter {
 public:
  // Requires: `out` outlives the writer, and is not written by others before close(), except for the value that key() announces.
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  // Announces a value that the caller appends itself.
  std::string& key(std::string_view name);

  void text(std::string_view name, std::string_view value);
  // Plain where the bytes are text of the protocol, else in the field with Base64 behind its name.
  void bytes(std::string_view name, std::string_view value);
  // An array of them; one that is no text makes all of them Base64.
  void words(std::string_view name, const std::vector<std::string>& values);
  void integer(std::string_view name, std::int64_t value) { append_integer(key(name), value); }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

  // Left out: absent optionals, empty texts, flags that are false. The reader's defaults say the same.
  template <std::integral Number>
  void integer_if(std::string_view name, const std::optional<Number>& value) {
    if (value) integer(name, static_cast<std::int64_t>(*value));
  }
  void text_if(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void bytes_if(std::string_view name, std::string_view value) {
    if (!value.empty()) bytes(name, value);
  }
  void flag_if(std::string_view name, bool value) {
    if (value) flag(name, true);
  }

 private:
  std::string& out_;
  bool has_fields_ = false;
};

}  // namespace jobpool::proto
