// Which idempotency keys are a library's own, made for one call so that it can be sent again. Those of clients of earlier versions have the
// same form, and so need nothing said of them. Client and broker; pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace jobpool {

inline constexpr std::size_t kCallKeyDigits = 32;

// 32 lower-case hexadecimal digits; of a chunk with its number behind them, as in "…-17". All else somebody chose, to name one job by.
constexpr bool is_call_key(std::string_view key) {
  constexpr auto kIsDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (key.size() < kCallKeyDigits) return false;
  const std::string_view number = key.substr(kCallKeyDigits);
  if (!number.empty() && (number.front() != '-' || number.size() == 1)) return false;
  return std::ranges::all_of(key.substr(0, kCallKeyDigits), [&](char c) { return kIsDigit(c) || (c >= 'a' && c <= 'f'); }) &&
         std::ranges::all_of(number.substr(number.empty() ? 0 : 1), kIsDigit);
}

}  // namespace jobpool
