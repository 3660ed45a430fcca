// See command_line.hpp.
#include "client/cli/command_line.hpp"

#include <unistd.h>

#include "client/cli/complete/complete.hpp"
#include "client/cli/options.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verb_group.hpp"
#include "proto/version.hpp"

namespace jobpool::cli {
namespace {

// The first word is the verb.
int run_verb(Context& context, const Options& options, Words words) {
  const Verb* verb = find_verb(verbs(), words.front());
  if (verb == nullptr) return options.misused("unknown verb '" + printable(words.front()) + "'");
  return verb->run(context, words.subspan(1));
}

}  // namespace

int run_program(Context& context, Words words) {
  bool version_wanted = false, help_wanted = false;
  Options options(context,
                  {"[options] VERB …", "Runs commands and functions in a pool of worker processes, as Python's multiprocessing does.",
                   "jobpool apply -- make -j4"},
                  Options::Operands::end_options);
  options.flag("--version", "show the version of jobpool", version_wanted);
  for (const std::string& word : words) {  // the overview belongs to --help, but only before the verb
    if (!word.starts_with('-')) break;
    help_wanted = help_wanted || word == "--help" || word == "-h";
  }
  if (help_wanted) return print(overview(options, "", verbs()));
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (version_wanted) return print("jobpool " + std::string{version()} + "\n");
  if (parsed.operands.empty()) {  // what a newcomer types first
    (void)write_all(STDERR_FILENO, overview(options, "", verbs()));
    return kExitUsage;
  }
  const std::string& name = parsed.operands.front();
  if (name == kCompleteVerb) return run_complete(context, Words{parsed.operands}.subspan(1));
  if (name == "help" && parsed.operands.size() == 1) return print(overview(options, "", verbs()));
  if (name == "help") {  // `help list` is `list --help`
    std::vector<std::string> asked(parsed.operands.begin() + 1, parsed.operands.end());
    asked.emplace_back("--help");
    return run_verb(context, options, asked);
  }
  return run_verb(context, options, parsed.operands);
}

}  // namespace jobpool::cli
