// Verbs that have verbs of their own ('jobpool pool create'): the list of them in the help, and the way to the one that is meant.
// Used by main and by each such verb.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "client/cli/verbs.hpp"

namespace jobpool::cli {

// `options`' help, and a line for each of the verbs. `group`: the words before them, "pool ", or nothing.
std::string overview(const Options& options, std::string_view group, std::span<const Verb> verbs);

// By name or alias; nullptr: there is none.
const Verb* find_verb(std::span<const Verb> verbs, std::string_view name);

// Whether --help stands where the overview belongs to it: before the verb.
bool wants_overview(Words words);

// Runs the verb that `words` begin with. `help X…` is `X… --help`, and `help` alone the overview. `options`, `group`: as of overview().
// Requires: there are words.
int run_verb_of(Context& context, Words words, const Options& options, std::string_view group, std::span<const Verb> verbs);

// Runs the verb that the first operand names, with the words behind it; shows the overview when that is wanted, or when there is none.
// Requires: usage.synopsis is "<group> VERB …".
int run_verb_group(Context& context, Words words, std::string_view group, const Usage& usage, std::span<const Verb> verbs);

}  // namespace jobpool::cli
