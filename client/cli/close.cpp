// jobpool close: a pool takes no more jobs, as multiprocessing's Pool.close().
#include "client/cli/pool.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_close(Context& context, Words words) {
  Options options(context,
                  {"close [options] [POOL]",
                   "A pool ('default' when not named) takes no more jobs. Those that are there are still done, also delayed ones;\n"
                   "then its workers leave. 'jobpool join' waits for that, 'jobpool pool resume' reopens it.",
                   "jobpool close images"});
  const Options::Parsed parsed = options.parse(words);
  return parsed.exit_code ? *parsed.exit_code : tell_pool(context, options, parsed, "org.jobpool.Pool.Close");
}

}  // namespace jobpool::cli
