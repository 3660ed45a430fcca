// Durations as people write and read them. Pure.
//
//   duration = part+ | number          a number alone is seconds
//   part     = number unit             each unit at most once, from the largest down: "1h30m"
//   number   = digits ["." digits]
//   unit     = "d" | "h" | "m" | "s" | "ms" | "us"
#pragma once

#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

inline constexpr Microseconds kLongestDuration = std::chrono::hours{24 * 3650};  // ten years, as the protocol allows: more is a slip

// Errors: invalid_argument, saying what a duration looks like.
Result<Microseconds> parse_duration(std::string_view text);

// Three digits' worth of it: "850us", "12.3ms", "4.21s", "3m05s", "2h07m", "3d04h".
std::string show_duration(Microseconds duration);

}  // namespace jobpool::cli
