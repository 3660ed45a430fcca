// A scan over brackets and quotes; see the header.
#include "daemon/worker/function/first_argument.hpp"

#include <cstring>

namespace jobpool::worker {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
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

// The position of the comma or bracket that ends the element which begins at `at`; npos: none does.
std::size_t find_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char octet = text[at];
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

}  // namespace

std::optional<std::string_view> first_argument(std::string_view array) {
  const std::string_view text = trim(array);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  const std::size_t end = find_end(text, 1);
  if (end == std::string_view::npos) return std::nullopt;
  return trim(text.substr(1, end - 1));
}

}  // namespace jobpool::worker
