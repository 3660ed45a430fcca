// See command_line.hpp.
#include "client/cli/command_line.hpp"

#include <unistd.h>

#include "client/cli/complete/complete.hpp"
#include "client/cli/options.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verb_group.hpp"
#include "proto/version.hpp"

namespace jobpool::cli {

int run_program(Context& context, Words words) {
  bool version_wanted = false;
  Options options(context,
                  {"[options] VERB …", "Runs commands and functions in a pool of worker processes, as Python's multiprocessing does.",
                   "jobpool apply -- make -j4"},
                  Options::Operands::end_options);
  options.flag("--version", "show the version of jobpool", version_wanted);
  if (wants_overview(words)) return print(overview(options, "", verbs()));
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (version_wanted && context.json) return run_version(context, {});
  if (version_wanted) return print("jobpool " + std::string{version()} + "\n");
  if (parsed.operands.empty()) {  // what a newcomer types first
    (void)write_all(STDERR_FILENO, overview(options, "", verbs()));
    return kExitUsage;
  }
  if (parsed.operands.front() == kCompleteVerb) return run_complete(context, Words{parsed.operands}.subspan(1));
  return run_verb_of(context, parsed.operands, options, "", verbs());
}

}  // namespace jobpool::cli
