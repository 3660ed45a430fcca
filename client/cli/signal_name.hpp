// Signals by name and number. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// "TERM", "SIGTERM", "term", "15", "RTMIN+3". Errors: invalid_argument.
Result<int> parse_signal(std::string_view text);
// "TERM"; the number for one without a name.
std::string signal_name(int signal);

}  // namespace jobpool::cli
