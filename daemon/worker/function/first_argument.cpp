// A scan over brackets and quotes; see the header.
#include "daemon/worker/function/first_argument.hpp"

#include <array>
#include <cstring>

namespace jobpool::worker {
namespace {

constexpr bool is_space(char octet) { return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n'; }

std::string_view trim_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// There is hardly ever any: two comparisons then.
inline std::string_view trim(std::string_view text) {
  const auto is_dark = [](char octet) { return static_cast<unsigned char>(octet) > ' '; };
  return !text.empty() && is_dark(text.front()) && is_dark(text.back()) ? text : trim_space(text);
}

// The position behind the closing quote of the string whose inside begins at `at`; npos: it has none.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (;;) {
    const std::size_t quote = text.find('"', at);  // memchr: strings are where large arguments have their bytes
    if (quote == std::string_view::npos) return quote;
    std::size_t backslashes = 0;
    while (quote > at + backslashes && text[quote - 1 - backslashes] == '\\') ++backslashes;
    at = quote + 1;
    if (backslashes % 2 == 0) return at;
  }
}

// Which bytes say something of the structure.
constexpr std::array<bool, 256> kMarks = [] {
  std::array<bool, 256> marks{};
  for (const char octet : {'"', '[', ']', '{', '}', ','}) marks[static_cast<unsigned char>(octet)] = true;
  return marks;
}();

// The position of the comma or bracket that ends the element which begins at `at`; npos: none does.
std::size_t find_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char octet = text[at];
    if (!kMarks[static_cast<unsigned char>(octet)]) {
      ++at;
      continue;
    }
    if (octet == '"') {
      at = skip_string(text, at + 1);
      if (at == std::string_view::npos) return at;
      continue;
    }
    if (octet == '[' || octet == '{') ++depth;
    if (octet == ']' || octet == '}') {
      if (depth == 0) return at;
      --depth;
    }
    if (octet == ',' && depth == 0) return at;
    ++at;
  }
  return std::string_view::npos;
}

bool is_bracketed(std::string_view text) { return text.size() >= 2 && text.front() == '[' && text.back() == ']'; }

}  // namespace

std::optional<std::string_view> first_argument(std::string_view array) {
  const std::string_view text = trim(array);
  if (!is_bracketed(text)) return std::nullopt;
  const std::size_t end = find_end(text, 1);
  if (end == std::string_view::npos) return std::nullopt;
  return trim(text.substr(1, end - 1));
}

Elements::Elements(std::string_view array) : text_(trim(array)), is_sound_(is_bracketed(text_)) {}

std::optional<std::string_view> Elements::next() {
  if (!is_sound_ || at_ == text_.size()) return std::nullopt;
  const std::size_t end = find_end(text_, at_);
  is_sound_ = end != std::string_view::npos && (text_[end] == ',' || end + 1 == text_.size());
  if (!is_sound_) return std::nullopt;
  const std::string_view element = trim(text_.substr(at_, end - at_));
  const bool is_empty_array = element.empty() && at_ == 1 && end + 1 == text_.size();
  at_ = end + 1;
  if (is_empty_array) return std::nullopt;
  return element;
}

}  // namespace jobpool::worker
