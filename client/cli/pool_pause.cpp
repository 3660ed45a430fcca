// jobpool pool pause: nothing of a pool starts any more.
#include "client/cli/pool.hpp"

namespace jobpool::cli {

int run_pool_pause(Context& context, Words words) {
  Options options(context,
                  {"pool pause [options] [POOL]",
                   "Starts no more jobs of a pool ('default' when not named). What runs goes on; jobs may still be submitted, and wait.",
                   "jobpool pool pause images"});
  const Options::Parsed parsed = options.parse(words);
  return parsed.exit_code ? *parsed.exit_code : tell_pool(context, options, parsed, "org.jobpool.Pool.Pause");
}

}  // namespace jobpool::cli
