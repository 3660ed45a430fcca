// The files that a job's output goes to: the daemon hands over a descriptor, nothing is copied through it.
#pragma once

#include <sys/types.h>

#include <string>

#include "client/cli/context.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

enum class OutputStream { standard_output, standard_error };

struct JobOutput {
  UniqueFd file;
  bool running = false;   // more may come
  std::string not_begun;  // that there is none yet, in a sentence; empty: there is
};
// Errors: not_found (no such job, or no output kept), protocol (no descriptor came), those of the connection.
// Of a job that does not run. wait: the daemon answers when its next attempt has begun. tell: with what there is, or that it has not begun
// (a daemon that cannot tell waits). give_up: for jobs that have ended.
enum class NotBegun { give_up, wait, tell };
Result<JobOutput> open_job_output(Context& context, JobId id, OutputStream stream, NotBegun not_begun = NotBegun::give_up);
// By any thread.
Result<JobOutput> open_job_output(client::Connections& connections, JobId id, OutputStream stream, NotBegun not_begun = NotBegun::give_up);

// From `offset`, which moves along, to what is the end now. Errors: io.
Result<void> copy_output(int file, off_t& offset, int to);

// All of it into memory. Errors: io.
Result<void> read_output(int file, std::string& text);

}  // namespace jobpool::cli
