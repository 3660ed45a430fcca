// Reads the tables of verbs and the names of tests out of the sources; see vocabulary.hpp.
#include "tests/unit/house/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

namespace jobpool::house {
namespace {

// What Python's multiprocessing has and the command line has not, or has under a verb of another name.
constexpr std::array<std::string_view, 9> kLibraryWords{"map_async",  "starmap", "starmap_async", "imap",       "imap_unordered",
                                                        "ThreadPool", "Process", "Queue",         "apply_async"};

// The texts between double quotes.
std::vector<std::string> texts_in_quotes(std::string_view line) {
  std::vector<std::string> texts;
  for (std::size_t begin = line.find('"'); begin != std::string_view::npos; begin = line.find('"', begin)) {
    const std::size_t end = line.find('"', begin + 1);
    if (end == std::string_view::npos) break;
    texts.emplace_back(line.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return texts;
}

// "kPoolVerbs" in "constexpr std::array<Verb, 10> kPoolVerbs{{" is the group "pool "; that of kVerbs has no word.
std::string group_of(std::string_view line) {
  const std::size_t begin = line.find("> k") + 3, end = line.find("Verbs{{");
  std::string group{line.substr(begin, end - begin)};
  if (group.empty()) return group;
  group.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(group.front())));
  return group + " ";
}

// The second field of `    {"list", kLs, "the jobs", run_list},`; empty where it is {}.
std::string aliases_name(const std::string& line) {
  const std::size_t begin = line.find("\", ") + 3;
  const std::string name = line.substr(begin, line.find(',', begin) - begin);
  return name == "{}" ? std::string{} : name;
}

void append_verbs(const Source& source, std::vector<VocabularyVerb>& verbs) {
  std::map<std::string, std::vector<std::string>> lists;  // of aliases, by the constant's name
  bool is_in_table = false;
  std::string group;
  for (const std::string& line : source.lines) {
    if (line.starts_with("constexpr std::array<std::string_view, ")) {
      const std::size_t begin = line.find("> ") + 2;
      lists[line.substr(begin, line.find('{') - begin)] = texts_in_quotes(line);
    } else if (line.starts_with("constexpr std::array<Verb, ")) {
      is_in_table = true;
      group = group_of(line);
    } else if (line == "}};") {
      is_in_table = false;
    } else if (is_in_table && line.starts_with("    {\"")) {
      VocabularyVerb verb{group + texts_in_quotes(line).front(), {}};
      for (const std::string& alias : lists[aliases_name(line)]) verb.aliases.push_back(group + alias);
      verbs.push_back(std::move(verb));
    }
  }
}

std::vector<std::string> names_of_tests(const std::vector<Source>& sources) {
  std::vector<std::string> names;
  for (const Source& source : sources) {
    if (!source.path.starts_with("tests/integration/")) continue;
    for (std::size_t at = 0; at < source.lines.size(); ++at) {
      if (!source.lines[at].starts_with("TEST_CASE(")) continue;
      const bool is_below = source.lines[at].ends_with('(') && at + 1 < source.lines.size();  // a long one
      const std::vector<std::string> texts = texts_in_quotes(source.lines[is_below ? at + 1 : at]);
      if (!texts.empty()) names.push_back(texts.front());
    }
  }
  return names;
}

bool is_part_of_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-'; }

// As words of its own, from there on.
bool stands_at(const std::string& name, std::size_t at, std::string_view words) {
  if (name.compare(at, words.size(), words) != 0) return false;
  const std::size_t behind = at + words.size();
  return (at == 0 || !is_part_of_word(name[at - 1])) && (behind == name.size() || !is_part_of_word(name[behind]));
}

bool stands_in(const std::string& name, std::string_view words) {
  for (std::size_t at = name.find(words); at != std::string::npos; at = name.find(words, at + 1))
    if (stands_at(name, at, words)) return true;
  return false;
}

}  // namespace

std::vector<VocabularyVerb> verbs_in(const std::vector<Source>& sources) {
  std::vector<VocabularyVerb> verbs;
  for (const Source& source : sources)
    if (source.path.starts_with("client/cli/")) append_verbs(source, verbs);
  return verbs;
}

std::vector<std::string> words_without_test(const std::vector<Source>& sources) {
  const std::vector<std::string> tests = names_of_tests(sources);
  const auto begins_one = [&](std::string_view words) {
    return std::ranges::any_of(tests, [&](const std::string& name) { return stands_at(name, 0, words); });
  };
  const auto is_in_one = [&](std::string_view words) {
    return std::ranges::any_of(tests, [&](const std::string& name) { return stands_in(name, words); });
  };
  std::vector<std::string> missing;
  for (const VocabularyVerb& verb : verbs_in(sources)) {
    if (!begins_one(verb.name)) missing.push_back("'" + verb.name + "' begins no test's name in tests/integration");
    for (const std::string& alias : verb.aliases)
      if (!is_in_one(alias))
        missing.push_back("'" + alias + "', another name of '" + verb.name + "', is in no test's name in tests/integration");
  }
  for (const std::string_view word : kLibraryWords)
    if (!begins_one(word)) missing.push_back("'" + std::string{word} + "' begins no test's name in tests/integration");
  return missing;
}

}  // namespace jobpool::house
