// Following a growing file to the end of the job that writes it: inotify tells of its growth, Job.Wait of the end. Nothing is polled.
#pragma once

#include "client/cli/context.hpp"
#include "client/cli/job_output.hpp"

namespace jobpool::cli {

// Copies all of `file` to `to`, until the job has ended and nothing is left; and what its last attempt wrote, where that was a later one,
// with a file of its own. Errors: io; those of the connection.
Result<void> follow_output(Context& context, JobId id, OutputStream stream, int file, int to);

}  // namespace jobpool::cli
