// Sizes of memory as people write and read them. Pure.
//
//   size = number [unit]     unit = "K" | "M" | "G" | "T", in either case: powers of 1024; a number alone is bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// Errors: invalid_argument, saying what a size looks like.
Result<std::int64_t> parse_byte_size(std::string_view text);

// The largest unit that leaves it whole, or with one digit behind the point: "256M", "1.5G".
std::string show_byte_size(std::int64_t bytes);

}  // namespace jobpool::cli
