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
    if (names.size() > kNamesWidth - 2) names = std::string{verb.name};
    text.append("  ").append(names).append(kNamesWidth - names.size(), ' ').append(verb.summary).append("\n");
  }
  return text.append("\n'jobpool ").append(group).append("VERB --help' tells more of each.\n");
}

const Verb* find_verb(std::span<const Verb> verbs, std::string_view name) {
  const auto found = std::ranges::find_if(
      verbs, [&](const Verb& verb) { return verb.name == name || std::ranges::find(verb.aliases, name) != verb.aliases.end(); });
  return found == verbs.end() ? nullptr : &*found;
}

int run_verb_group(Context& context, Words words, std::string_view group, const Usage& usage, std::span<const Verb> verbs) {
  const Options options(context, usage, Options::Operands::end_options);
  const std::string prefix = std::string{group} + " ";
  if (!words.empty() && (words.front() == "--help" || words.front() == "-h" || words.front() == "help"))
    return print(overview(options, prefix, verbs));
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) {
    (void)write_all(STDERR_FILENO, overview(options, prefix, verbs));
    return kExitUsage;
  }
  const std::string& name = parsed.operands.front();
  const Verb* verb = find_verb(verbs, name);
  if (verb == nullptr) return options.misused("unknown verb '" + prefix + printable(name) + "'");
  return verb->run(context, Words{parsed.operands}.subspan(1));
}

}  // namespace jobpool::cli
