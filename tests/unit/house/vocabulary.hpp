// The rule that each word of the vocabulary has an integration test by its name: verbs and aliases as the command line's tables have them,
// and multiprocessing's words that only the library has. Used by vocabulary_test only.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/house/rules.hpp"

namespace jobpool::house {

// A verb as it is typed: "pool create", with its aliases: "ls", "pool open".
struct VocabularyVerb {
  std::string name;
  std::vector<std::string> aliases;
};

// Of all tables of verbs in client/cli: `kVerbs` has those that stand alone, `kPoolVerbs` those behind "pool".
std::vector<VocabularyVerb> verbs_in(const std::vector<Source>& sources);

// A finding for each verb with which no integration test's name begins, for each alias that stands in none, and for each word of the
// library that has none. Empty: every word has its test.
std::vector<std::string> words_without_test(const std::vector<Source>& sources);

}  // namespace jobpool::house
