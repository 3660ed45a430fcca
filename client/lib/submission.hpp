// From the public Command and function call to the protocol's Submission, and from its Ending to a CommandResult. Pure but for the
// caller's own cwd, environment and umask.
#pragma once

#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "jobpool/command.hpp"
#include "jobpool/submit_options.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

// Each submission carries a fresh key.
proto::Submission function_submission(std::string_view pool, std::string_view function, std::string arguments);

struct CommandCall {
  proto::Submission job;
  std::vector<int> fds;  // that its indexes name; lent by the caller
};
// Errors: invalid_argument: no argv; io: the current directory is gone.
Result<CommandCall> command_submission(std::string_view pool, const Command& command);

void apply_options(const SubmitOptions& options, proto::Submission& job);

CommandResult command_result(proto::Ending ending);

// Of this process: what a job inherits when its submitter says nothing else.
Result<std::string> current_directory();
std::vector<std::string> current_environment();
int current_umask();

}  // namespace jobpool::client
