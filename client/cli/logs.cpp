// jobpool logs: what a job has written so far, and with -f what it goes on to write. Read from the job's own file, not through the daemon.
#include <unistd.h>

#include <utility>

#include "client/cli/follow.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_logs(Context& context, Words words) {
  Options options(context, {"logs [options] ID", "The output of a job so far. Waits only with -f: for its start, and then for its end.",
                            "jobpool logs -f last"});
  bool follow = false, standard_error = false;
  options.flag("-f, --follow", "wait for its start, and go on until the job has ended", follow);
  options.flag("--stderr", "its stderr instead of its stdout", standard_error);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() != 1) return options.misused("logs takes one job");
  if (context.json) return options.misused("logs writes what the job wrote, as it is: 'jobpool get --json' gives an object");
  const Result<JobId> id = context.select_one(parsed.operands.front());
  if (!id) return id.error().code == Errc::invalid_argument ? options.misused(id.error().text) : fail(id.error());

  const OutputStream stream = standard_error ? OutputStream::standard_error : OutputStream::standard_output;
  Result<JobOutput> output = open_job_output(context, *id, stream, follow ? NotBegun::wait : NotBegun::tell);
  if (!output) return fail(output.error());
  if (!output->not_begun.empty()) {
    tell(output->not_begun);
    return 0;
  }
  off_t offset = 0;
  const Result<void> done = follow && output->running ? follow_output(context, *id, stream, std::move(output->file), STDOUT_FILENO)
                                                      : copy_output(output->file.get(), offset, STDOUT_FILENO);
  return done ? 0 : fail(done.error());
}

}  // namespace jobpool::cli
