// jobpool ready: AsyncResult.ready, answered by the exit code.
#include "client/cli/verbs.hpp"
#include "client/cli/yes_or_no.hpp"

namespace jobpool::cli {

int run_ready(Context& context, Words words) {
  const Usage usage{"ready [options] ID", "Has the job ended? Exit code 0: yes, 1: not yet.", "jobpool ready 12 && jobpool get 12"};
  return answer_question(context, words, usage, "org.jobpool.Job.Ready", "ready");
}

}  // namespace jobpool::cli
