// Rates in words, for stats and top. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace jobpool::cli {

// So many in that time, for each second: "0", "0.3", "12.4", "1234"; empty: no time has passed.
std::string rate(std::int64_t count, std::int64_t usec);

}  // namespace jobpool::cli
