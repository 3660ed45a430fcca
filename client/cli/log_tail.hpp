// The end of a log file, for an error text.
#pragma once

#include <cstdint>
#include <string>

namespace jobpool::cli {

// 0 when there is none.
std::uint64_t file_size(const std::string& path);

// The last lines (at most 10, 4 KiB) of what was written behind `from`; control characters escaped.
std::string log_tail(const std::string& path, std::uint64_t from);

}  // namespace jobpool::cli
