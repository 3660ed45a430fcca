// See quoted_line.hpp.
#include "client/cli/quoted_line.hpp"

#include <algorithm>

namespace jobpool::cli {
namespace {

constexpr std::string_view kQuoteInside = "'\\''";  // ends the quoted text, and begins it again behind a quote

bool needs_no_quotes(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"%+,-./:=@_"}.find(c) != std::string_view::npos;
}

bool is_plain(std::string_view word) { return !word.empty() && std::ranges::all_of(word, needs_no_quotes); }

// Takes one word from the front of `line`. False: it is not as quoted_line() writes it.
bool take_word(std::string_view& line) {
  if (!line.starts_with('\'')) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return is_plain(word);
  }
  bool is_needed = false;
  std::size_t end = 1;
  for (;; end += kQuoteInside.size()) {
    const std::size_t begin = end;
    end = line.find('\'', begin);
    if (end == std::string_view::npos) return false;
    is_needed = is_needed || !is_plain(line.substr(begin, end - begin));
    if (!line.substr(end).starts_with(kQuoteInside)) break;
    is_needed = true;
  }
  line.remove_prefix(end + 1);
  return is_needed;
}

}  // namespace

std::string quoted_line(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (is_plain(word)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word)
      if (c == '\'')
        line += kQuoteInside;
      else
        line += c;
    line += '\'';
  }
  return line;
}

bool may_be_quoted_line(std::string_view line) {
  for (;;) {
    if (!take_word(line)) return false;
    if (line.empty()) return true;
    if (!line.starts_with(' ')) return false;
    line.remove_prefix(1);
  }
}

}  // namespace jobpool::cli
