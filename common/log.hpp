// Logging, set up once by each daemon program's main: spdlog to stderr (the supervisor's stderr is everybody's).
// The only global state of the house. The client library and the CLI do not link it.
#pragma once

#include <string_view>

#include "common/result.hpp"

namespace jobpool {

// Sets the default logger: name and pid on each line, control characters of messages escaped.
// Errors: invalid_argument: unknown level (trace, debug, info, warn, error, off).
Result<void> start_logging(std::string_view program, std::string_view level);

}  // namespace jobpool
