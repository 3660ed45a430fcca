// jobpool pool resume: a pool runs again, whatever it was told before.
#include "client/cli/pool.hpp"

namespace jobpool::cli {

int run_pool_resume(Context& context, Words words) {
  Options options(context, {"pool resume [options] [POOL]",
                            "Ends a pause of a pool ('default' when not named), and reopens one that was closed or terminated.",
                            "jobpool pool resume images"});
  const Options::Parsed parsed = options.parse(words);
  return parsed.exit_code ? *parsed.exit_code : tell_pool(context, options, parsed, "org.jobpool.Pool.Resume");
}

}  // namespace jobpool::cli
