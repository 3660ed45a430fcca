// Reading points of time: the parts by hand, the calendar by libc.
#include "client/cli/point_of_time.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>
#include <string>

namespace jobpool::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kLastSecond = 7'258'118'399;  // of the year 2199; the protocol takes no later one

Error not_a_time(std::string_view text) {
  return Error{Errc::invalid_argument, "'" + std::string{text} +
                                           "' is no time: write 18:00 (the next), 2026-11-24T18:00, with :SS, Z or +01:00 behind it if "
                                           "you like, or @SECONDS since 1970"};
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

// Exactly so many digits.
bool take_number(std::string_view& rest, std::size_t digits, int max, int& number) {
  if (rest.size() < digits || rest.substr(0, digits).find_first_not_of("0123456789") != std::string_view::npos) return false;
  std::from_chars(rest.data(), rest.data() + digits, number);
  rest.remove_prefix(digits);
  return number <= max;
}

bool take_clock(std::string_view& rest, std::tm& parts) {
  if (!take_number(rest, 2, 23, parts.tm_hour) || !take(rest, ':') || !take_number(rest, 2, 59, parts.tm_min)) return false;
  parts.tm_sec = 0;
  return !take(rest, ':') || take_number(rest, 2, 59, parts.tm_sec);
}

bool take_date(std::string_view& rest, std::tm& parts) {
  int year = 0, month = 0, day = 0;
  if (!take_number(rest, 4, 9999, year) || !take(rest, '-') || !take_number(rest, 2, 12, month) || !take(rest, '-') ||
      !take_number(rest, 2, 31, day))
    return false;
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  return std::chrono::year_month_day{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

// Seconds east of Greenwich.
std::optional<int> take_zone(std::string_view& rest) {
  if (take(rest, 'Z')) return 0;
  const int sign = take(rest, '-') ? -1 : take(rest, '+') ? 1 : 0;
  int hours = 0, minutes = 0;
  if (sign == 0 || !take_number(rest, 2, 23, hours) || !take(rest, ':') || !take_number(rest, 2, 59, minutes)) return std::nullopt;
  return sign * (hours * 3'600 + minutes * 60);
}

std::int64_t local_second(std::tm parts) {
  parts.tm_isdst = -1;  // libc knows whether it is summer
  return std::mktime(&parts);
}

std::optional<std::int64_t> next_clock(std::string_view rest, std::int64_t now_usec) {
  const std::time_t now = now_usec / kSecond;
  std::tm parts{};
  if (::localtime_r(&now, &parts) == nullptr || !take_clock(rest, parts) || !rest.empty()) return std::nullopt;
  const std::int64_t today = local_second(parts);
  if (today * kSecond > now_usec) return today;
  ++parts.tm_mday;
  return local_second(parts);
}

std::optional<std::int64_t> calendar_second(std::string_view rest) {
  std::tm parts{};
  if (!take_date(rest, parts) || (!take(rest, 'T') && !take(rest, ' ')) || !take_clock(rest, parts)) return std::nullopt;
  if (rest.empty()) return local_second(parts);
  const std::optional<int> east = take_zone(rest);
  if (!east || !rest.empty()) return std::nullopt;
  return ::timegm(&parts) - *east;
}

std::optional<std::int64_t> epoch_usec(std::string_view numeral) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(numeral.data(), numeral.data() + numeral.size(), seconds, std::chars_format::fixed);
  if (error != std::errc{} || end != numeral.data() + numeral.size() || !(seconds >= 0) || seconds > static_cast<double>(kLastSecond))
    return std::nullopt;
  return std::llround(seconds * static_cast<double>(kSecond));
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text, std::int64_t now_usec) {
  if (text.starts_with('@')) {
    const std::optional<std::int64_t> usec = epoch_usec(text.substr(1));
    return usec ? Result<std::int64_t>{*usec} : not_a_time(text);
  }
  const bool is_clock = text.size() > 2 && text[2] == ':';
  const std::optional<std::int64_t> second = is_clock ? next_clock(text, now_usec) : calendar_second(text);
  if (!second || *second < 0 || *second > kLastSecond) return not_a_time(text);
  return *second * kSecond;
}

}  // namespace jobpool::cli
