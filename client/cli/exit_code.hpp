// How a job's end becomes an exit code. Pure.
#pragma once

#include "proto/messages.hpp"

namespace jobpool::cli {

// The job's own; 128+N when it died of signal N; 124 when it timed out; 0 and 1 for functions; 125 for outcomes without one of their own.
int exit_code(const proto::Ending& ending);

// What stderr should hear of it; empty: nothing, since a command speaks for itself. A function's error is "Type: message".
std::string ending_message(const proto::Ending& ending);

}  // namespace jobpool::cli
