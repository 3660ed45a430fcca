// Reading and showing sizes; the grammar is in the header.
#include "client/cli/byte_size.hpp"

#include <charconv>
#include <cstdio>

#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kUnits = "KMGT";
constexpr double kLargestSize = 1125899906842624.0;  // 2^50: above it doubles would begin to lose bytes, and nobody has it

Error no_size(std::string_view text) {
  return Error{Errc::invalid_argument, "'" + printable(text) + "' is no size: write bytes, or a number with K, M, G or T, as in 512M"};
}

}  // namespace

Result<std::int64_t> parse_byte_size(std::string_view text) {
  std::string_view digits = text;
  double unit = 1;
  if (!digits.empty()) {
    const char last = digits.back() >= 'a' ? static_cast<char>(digits.back() - 'a' + 'A') : digits.back();
    if (const std::size_t at = kUnits.find(last); at != std::string_view::npos) {
      for (std::size_t i = 0; i <= at; ++i) unit *= 1024;
      digits.remove_suffix(1);
    }
  }
  if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string_view::npos) return no_size(text);
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || number * unit > kLargestSize) return no_size(text);
  return static_cast<std::int64_t>(number * unit);
}

std::string show_byte_size(std::int64_t bytes) {
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit < kUnits.size(); ++unit) size /= 1024;
  char text[32];
  const bool whole = size == static_cast<double>(static_cast<std::int64_t>(size));
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.1f", size);
  std::string shown = text;
  if (unit > 0) shown += kUnits[unit - 1];
  return shown;
}

}  // namespace jobpool::cli
