// jobpool successful: AsyncResult.successful, answered by the exit code; an error before the end.
#include "client/cli/verbs.hpp"
#include "client/cli/yes_or_no.hpp"

namespace jobpool::cli {

int run_successful(Context& context, Words words) {
  const Usage usage{"successful [options] ID", "Has the job ended well? Exit code 0: yes, 1: no, 125: it has not ended.",
                    "jobpool wait 12 && jobpool successful 12"};
  return answer_question(context, words, usage, "org.jobpool.Job.Successful", "successful");
}

}  // namespace jobpool::cli
