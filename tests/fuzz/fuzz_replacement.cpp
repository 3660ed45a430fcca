// Fuzzes the replacement strings of `jobpool map`: words, separated by zero bytes, are filled as a plain search and replace would do it.
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/replacement.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::cli::Item;
using jobpool::cli::Template;
using jobpool::fuzz::require;

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kPlaces{{{"{}", "d/{}.x {#}"},
                                                                                 {"{.}", "d/{} {#}"},
                                                                                 {"{/}", "{}.x {#}"},
                                                                                 {"{//}", "d ."},
                                                                                 {"{/.}", "{} {#}"},
                                                                                 {"{#}", "7"},
                                                                                 {"{%}", "3"},
                                                                                 {"{1}", "d/{}.x"},
                                                                                 {"{1.}", "d/{}"},
                                                                                 {"{1/}", "{}.x"},
                                                                                 {"{1//}", "d"},
                                                                                 {"{1/.}", "{}"},
                                                                                 {"{2}", "{#}"},
                                                                                 {"{2.}", "{#}"},
                                                                                 {"{2/}", "{#}"},
                                                                                 {"{2//}", "."},
                                                                                 {"{2/.}", "{#}"}}};

std::string replaced(std::string_view word, bool& has_place) {
  std::string out;
  while (!word.empty()) {
    bool found = false;
    for (const auto& [place, value] : kPlaces) {
      if (!word.starts_with(place)) continue;
      out += value;
      word.remove_prefix(place.size());
      has_place = has_place || (place != "{#}" && place != "{%}");
      found = true;
      break;
    }
    if (found) continue;
    out += word.front();
    word.remove_prefix(1);
  }
  return out;
}

// Columns that the table above does not have.
bool has_other_columns(std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::string_view inside = text.substr(at + 1);
    const bool is_digit = !inside.empty() && std::isdigit(static_cast<unsigned char>(inside.front())) != 0;
    const bool is_known = is_digit && (inside.front() == '1' || inside.front() == '2') &&
                          (inside.size() < 2 || std::isdigit(static_cast<unsigned char>(inside[1])) == 0);
    if (is_digit && !is_known) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words{""};
  for (const char c : text) {
    if (c == '\0')
      words.emplace_back();
    else
      words.back() += c;
  }
  const Item item{{"d/{}.x", "{#}"}, 7, 3};  // values that look like places are not looked at again
  const std::vector<std::string> filled = Template(words).fill(item);
  if (has_other_columns(text)) return 0;
  bool has_place = false;
  std::vector<std::string> expected;
  for (const std::string& word : words) expected.push_back(replaced(word, has_place));
  if (!has_place) expected.insert(expected.end(), item.columns.begin(), item.columns.end());
  require(filled == expected, "the words are filled otherwise than by search and replace");
  return 0;
}
