// jobpool pool: finds the verb behind it.
#include "client/cli/pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

struct PoolVerb {
  std::string_view name, summary;
  int (*run)(Context& context, Words words);
};
constexpr std::array<PoolVerb, 11> kPoolVerbs{{
    {"create", "make a pool with workers of its own", run_pool_create},
    {"list", "all pools", run_pool_list},
    {"show", "everything known of a pool, and its workers", run_pool_show},
    {"resize", "another number of workers, at once; 0 drains it", run_pool_resize},
    {"pause", "start nothing more", run_pool_pause},
    {"resume", "start again; reopens a closed or terminated pool", run_pool_resume},
    {"open", "the same as resume", run_pool_resume},
    {"delete", "remove a pool that is closed and joined", run_pool_delete},
    {"close", "take no more jobs (also: jobpool close)", run_close},
    {"terminate", "stop all of its jobs (also: jobpool terminate)", run_terminate},
    {"join", "wait until its workers have left (also: jobpool join)", run_join},
}};

std::string list_of_verbs() {
  std::string text = "\nVerbs:\n";
  for (const PoolVerb& verb : kPoolVerbs)
    text.append("  ").append(verb.name).append(14 - verb.name.size(), ' ').append(verb.summary).append("\n");
  return text + "\n'jobpool pool VERB --help' tells more of each.\n";
}

}  // namespace

int run_pool(Context& context, Words words) {
  const Options options(context,
                        {"pool VERB …", "Pools: each has a name, workers of its own, and a queue.", "jobpool pool create images -j 4"},
                        Options::Operands::end_options);
  if (!words.empty() && (words.front() == "--help" || words.front() == "-h")) return print(options.help() + list_of_verbs());
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("pool needs a verb: create, list, show, resize, pause, resume, delete");
  const std::string& name = parsed.operands.front();
  const auto* verb = std::find_if(kPoolVerbs.begin(), kPoolVerbs.end(), [&](const PoolVerb& one) { return one.name == name; });
  if (verb == kPoolVerbs.end()) return options.misused("unknown verb 'pool " + printable(name) + "'");
  return verb->run(context, Words{parsed.operands}.subspan(1));
}

int tell_pool(Context& context, const Options& options, const Options::Parsed& parsed, std::string_view method) {
  if (parsed.operands.size() > 1) return options.misused("this verb takes one pool");
  const std::string pool = parsed.operands.empty() ? std::string{proto::kDefaultPool} : parsed.operands.front();
  const Result<client::Reply> reply = context.ask(method, proto::write_pool_name(pool));
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.dump() + "\n") : 0;
}

}  // namespace jobpool::cli
