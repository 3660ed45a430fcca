// Points of time as people write them. Pure but for the caller's time zone.
//
//   time  = date ("T" | " ") clock [zone] | clock | "@" seconds
//   date  = YYYY-MM-DD
//   clock = HH:MM[:SS]               alone: the next such time
//   zone  = "Z" | ("+" | "-") HH:MM  without one: the caller's own
//   seconds                          since 1970, decimals allowed
#pragma once

#include <cstdint>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// Microseconds since 1970; of a time that the clock skips in spring, the one an hour later. Errors: invalid_argument, saying what a time
// looks like; one before 1970 or after 2199 is none.
Result<std::int64_t> parse_time(std::string_view text, std::int64_t now_usec);

}  // namespace jobpool::cli
