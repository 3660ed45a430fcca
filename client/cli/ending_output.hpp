// A job's end as the shell sees it: its output and result on stdout and stderr, and its exit code. Shared by apply and get.
#pragma once

#include <string>
#include <string_view>

#include "client/cli/context.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

enum class ResultForm {
  json,  // a string has its quotes
  raw,   // a string is printed as it is
};

// A result and a line feed.
void append_result(std::string& out, std::string_view result, ResultForm form);

// Writes what the daemon kept of stdout and stderr, and the result. Output that was too long for the reply is fetched through the job's
// files. Errors: io; those of the connection.
Result<void> show_output(Context& context, const proto::Ending& ending, ResultForm form);

// Writes what the daemon kept of stdout and stderr, the result, and the message that belongs to it; or, with --json, all of it as one
// object. Gives the exit code.
int show_ending(Context& context, const proto::Ending& ending, ResultForm form);

}  // namespace jobpool::cli
