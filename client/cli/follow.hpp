// Following a job's output to its end, from one attempt's file to the next one's: inotify tells of a file's growth, Pool.Events of what
// happens to the job. Nothing is polled.
#pragma once

#include "client/cli/context.hpp"
#include "client/cli/job_output.hpp"

namespace jobpool::cli {

// Copies all of `file` to `to`, and of the attempts after it, until the job has ended and nothing is left. An attempt that began and ended
// before the daemon could be asked for its file is not shown. Where no more clients may listen to events, only the last of them is.
// Errors: io; those of the connection.
Result<void> follow_output(Context& context, JobId id, OutputStream stream, UniqueFd file, int to);

}  // namespace jobpool::cli
