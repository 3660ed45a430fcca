// A command as a job, and how it ended. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jobpool {

struct Command {
  std::vector<std::string> argv = {};                        // argv[0] without a slash is looked up in the job's PATH
  std::string cwd = {};                                      // empty: the caller's
  std::optional<std::vector<std::string>> environment = {};  // "NAME=value" each; absent: the caller's
  std::string stdin_file = {};                               // empty: no input
  std::chrono::milliseconds grace{5000};                     // between TERM and KILL when it is stopped
  std::optional<int> nice = {};                              // -20 (served first) to 19 (last); absent: as the workers
  std::optional<std::int64_t> memory_bytes = {};  // what each of its processes may allocate, 4 MiB at least; absent: as the workers
  std::string name = {};                          // for people

  // Descriptors of the caller that the command gets as its own; only lent for the call. Output without one is kept by the daemon.
  std::optional<int> stdin_fd = {}, stdout_fd = {}, stderr_fd = {};
};

struct CommandResult {
  std::uint64_t id = 0;
  std::string outcome;                          // succeeded, failed, crashed, timed_out
  std::optional<int> exit_code, signal;         // one of them, for a command that ran
  std::string reason;                           // one sentence for people; may be empty
  std::string standard_output, standard_error;  // up to 1 MiB each
  bool output_truncated = false, error_truncated = false;

  bool succeeded() const { return outcome == "succeeded"; }
};

}  // namespace jobpool
