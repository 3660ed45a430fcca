// See stats_text.hpp.
#include "client/cli/stats_text.hpp"

#include <array>
#include <cstdio>

namespace jobpool::cli {

std::string rate(std::int64_t count, std::int64_t usec) {
  if (usec <= 0) return {};
  if (count == 0) return "0";
  const double each = static_cast<double>(count) * 1e6 / static_cast<double>(usec);
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), each < 100 ? "%.1f" : "%.0f", each);
  return std::string{text.data(), static_cast<std::size_t>(size)};
}

}  // namespace jobpool::cli
