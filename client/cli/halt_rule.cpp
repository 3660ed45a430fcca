// See halt_rule.hpp.
#include "client/cli/halt_rule.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace jobpool::cli {
namespace {

constexpr std::size_t kWhole = 100;  // percent

Error no_halt_rule(std::string_view text) {
  return Error{Errc::invalid_argument,
               "'" + std::string{text} + "' is no rule: write never, or now or soon, a comma, and fail, success or done=N or N%"};
}

}  // namespace

Result<HaltRule> HaltRule::parse(std::string_view text) {
  HaltRule rule;
  if (text == "never") return rule;
  const std::size_t comma = text.find(','), equals = text.find('=');
  if (comma == std::string_view::npos || equals == std::string_view::npos || equals < comma) return no_halt_rule(text);
  const std::string_view haste = text.substr(0, comma), counts = text.substr(comma + 1, equals - comma - 1);
  std::string_view limit = text.substr(equals + 1);
  if (haste != "now" && haste != "soon") return no_halt_rule(text);
  rule.haste_ = haste == "now" ? Haste::now : Haste::soon;
  rule.counts_ = counts == "fail"      ? Counts::fail
                 : counts == "success" ? Counts::success
                 : counts == "done"    ? Counts::done
                                       : Counts::nothing;
  rule.is_share_ = limit.ends_with('%');
  if (rule.is_share_) limit.remove_suffix(1);
  const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), rule.limit_);
  const bool is_number = error == std::errc{} && end == limit.data() + limit.size() && rule.limit_ > 0;
  if (rule.counts_ == Counts::nothing || !is_number || (rule.is_share_ && rule.limit_ > kWhole)) return no_halt_rule(text);
  return rule;
}

bool HaltRule::is_met(std::size_t failed, std::size_t succeeded) const {
  const std::size_t limit = is_share_ ? std::max<std::size_t>((total_ * limit_ + kWhole - 1) / kWhole, 1) : limit_;
  switch (counts_) {
    case Counts::fail:
      return failed >= limit;
    case Counts::success:
      return succeeded >= limit;
    case Counts::done:
      return failed + succeeded >= limit;
    case Counts::nothing:
      break;
  }
  return false;
}

}  // namespace jobpool::cli
