// See verb_group.hpp.
#include "client/cli/verb_group.hpp"

#include <unistd.h>

#include <algorithm>

#include "client/cli/standard_streams.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {

std::string overview(const Options& options, std::string_view group, std::span<const Verb> verbs) {
  constexpr std::size_t kNamesWidth = 24;
  std::string text = options.help() + "\nVerbs:\n";
  for (const Verb& verb : verbs) {
    std::string names{verb.name};
    for (const std::string_view alias : verb.aliases) names.append(", ").append(alias);
    text.append("  ").append(names);
    if (names.size() > kNamesWidth - 2) {  // a line of their own
      text.append("\n  ");
      names.clear();
    }
    text.append(kNamesWidth - names.size(), ' ').append(verb.summary).append("\n");
  }
  return text.append("\n'jobpool ").append(group).append("VERB --help' tells more of each.\n");
}

const Verb* find_verb(std::span<const Verb> verbs, std::string_view name) {
  const auto found = std::ranges::find_if(
      verbs, [&](const Verb& verb) { return verb.name == name || std::ranges::find(verb.aliases, name) != verb.aliases.end(); });
  return found == verbs.end() ? nullptr : &*found;
}

bool wants_overview(Words words) {
  for (const std::string& word : words) {
    if (!word.starts_with('-')) return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

int run_verb_of(Context& context, Words words, const Options& options, std::string_view group, std::span<const Verb> verbs) {
  if (words.front() == "help") {
    if (words.size() == 1 || words[1] == "help" || words[1].starts_with('-')) return print(overview(options, group, verbs));
    std::vector<std::string> asked(words.begin() + 1, words.end());
    asked.emplace_back("--help");
    return run_verb_of(context, asked, options, group, verbs);
  }
  const Verb* verb = find_verb(verbs, words.front());
  if (verb == nullptr) return options.misused("unknown verb '" + std::string{group} + words.front() + "'");
  return verb->run(context, words.subspan(1));
}

int run_verb_group(Context& context, Words words, std::string_view group, const Usage& usage, std::span<const Verb> verbs) {
  const Options options(context, usage, Options::Operands::end_options);
  const std::string prefix = std::string{group} + " ";
  if (wants_overview(words)) return print(overview(options, prefix, verbs));
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) {
    (void)write_all(STDERR_FILENO, overview(options, prefix, verbs));
    return kExitUsage;
  }
  return run_verb_of(context, parsed.operands, options, prefix, verbs);
}

}  // namespace jobpool::cli
