// Reading and showing durations. See duration.hpp for the grammar.
#include "client/cli/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace jobpool::cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t usec;
};
// From the largest down, the order in which they may follow each other; "ms" and "m" are told apart by taking all letters.
constexpr std::array<Unit, 6> kUnits{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};

Error not_a_duration(std::string_view text) {
  return Error{Errc::invalid_argument, "'" + std::string{text} + "' is no duration: write 10 (seconds), 1.5m, 1h30m or 500ms"};
}

std::size_t unit_index(std::string_view name) {
  std::size_t index = 0;
  while (index < kUnits.size() && kUnits[index].name != name) ++index;
  return index;
}

std::string printed(const char* format, auto... numbers) {
  std::array<char, 48> text;
  const int size = std::snprintf(text.data(), text.size(), format, numbers...);
  return std::string{text.data(), static_cast<std::size_t>(size)};
}

// With as many decimals as make three digits.
std::string scaled(double value, const char* unit) {
  return printed(value < 10 ? "%.2f%s" : value < 100 ? "%.1f%s" : "%.0f%s", value, unit);
}

}  // namespace

Result<Microseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  double total = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    const std::size_t digits = rest.find_first_not_of("0123456789.");
    double number = 0;
    const std::string_view numeral = rest.substr(0, digits);
    const auto [end, error] = std::from_chars(numeral.data(), numeral.data() + numeral.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || end != numeral.data() + numeral.size()) return not_a_duration(text);
    rest.remove_prefix(numeral.size());

    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789."));
    rest.remove_prefix(name.size());
    const bool bare = name.empty() && numeral.size() == text.size();
    const std::size_t unit = unit_index(bare ? "s" : name);
    if (unit == kUnits.size() || unit < next_unit) return not_a_duration(text);
    next_unit = unit + 1;
    total += number * static_cast<double>(kUnits[unit].usec);
  }
  if (text.empty()) return not_a_duration(text);
  if (total > static_cast<double>(kLongestDuration.count()))
    return Error{Errc::invalid_argument, "'" + std::string{text} + "' is longer than ten years"};
  return Microseconds{std::llround(total)};
}

std::string show_duration(Microseconds duration) {
  const std::int64_t usec = duration.count();
  if (usec < 1'000) return printed("%lldus", static_cast<long long>(usec));
  if (usec < 1'000'000) return scaled(static_cast<double>(usec) / 1e3, "ms");
  if (usec < 60'000'000) return scaled(static_cast<double>(usec) / 1e6, "s");
  const auto seconds = static_cast<long long>(usec / 1'000'000);
  if (seconds < 3'600) return printed("%lldm%02llds", seconds / 60, seconds % 60);
  if (seconds < 86'400) return printed("%lldh%02lldm", seconds / 3'600, seconds / 60 % 60);
  return printed("%lldd%02lldh", seconds / 86'400, seconds / 3'600 % 24);
}

}  // namespace jobpool::cli
