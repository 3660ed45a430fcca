// Passing over text that is known to be JSON: nothing is checked again, so that a string ends at the next quote that no backslash hides.
// Private to this folder; any thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace jobpool::proto {

inline const char* behind_space(const char* at, const char* end) {
  while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
  return at;
}

// Passes over the text up to `end_`; `longest_`: see JsonText.
struct Passing {
  const char* end_;
  std::string_view longest_;

  // `begin` is behind the opening quote; the place behind the closing one.
  const char* behind_string(const char* begin) const {
    if (begin == longest_.data()) return begin + longest_.size();
    for (const char* at = begin;; ++at) {
      at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end_ - at)));
      const char* hiding = at;
      while (hiding != begin && hiding[-1] == '\\') --hiding;
      if ((at - hiding) % 2 == 0) return at + 1;
    }
  }

  static bool ends_word(char c) { return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  const char* behind_list(const char* at) const {
    int open = 0;
    do {
      const char c = *at++;
      if (c == '"') at = behind_string(at);
      if (c == '{' || c == '[') ++open;
      if (c == '}' || c == ']') --open;
    } while (open > 0);
    return at;
  }

  const char* behind_value(const char* at) const {
    if (*at == '"') return behind_string(at + 1);
    if (*at == '{' || *at == '[') return behind_list(at);
    while (at != end_ && !ends_word(*at)) ++at;
    return at;
  }
};

}  // namespace jobpool::proto
