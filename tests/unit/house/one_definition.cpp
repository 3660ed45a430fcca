// See one_definition.hpp.
#include "tests/unit/house/one_definition.hpp"

#include <map>
#include <regex>

namespace jobpool::house {
namespace {

using Places = std::map<std::string, std::vector<std::string>>;

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

void note_definitions(const Source& source, Places& places) {
  static const std::regex opening(R"((?:inline )?namespace ?([\w:]*) ?\{)");
  static const std::regex definition(
      R"((?:class|struct|union|enum class|enum)(?: alignas\([^)]*\))?(?: [A-Z_]+)? (\w+)(?: final)?(?: : [^;{]*)?(?: \{.*)?)");
  std::vector<std::string> open;  // namespaces; empty: an anonymous one
  std::size_t anonymous = 0, number = 0;
  for (const std::string& line : source.lines) {
    ++number;
    std::smatch found;
    if (line.starts_with("}  // namespace") && !open.empty()) {
      anonymous -= open.back().empty() ? 1 : 0;
      open.pop_back();
    } else if (std::regex_match(line, found, opening)) {
      open.push_back(found[1]);
      anonymous += open.back().empty() ? 1 : 0;
    } else if (anonymous == 0 && std::regex_match(line, found, definition)) {
      places[joined(open, "::") + "::" + found[1].str()].push_back(source.path + ":" + std::to_string(number));
    }
  }
}

}  // namespace

std::vector<std::string> defined_twice(const std::vector<Source>& sources) {
  Places places;
  for (const Source& source : sources) note_definitions(source, places);
  std::vector<std::string> found;
  for (const auto& [name, where] : places)
    if (where.size() > 1) found.push_back(name + ": " + joined(where, ", "));
  return found;
}

}  // namespace jobpool::house
