// Which idempotency keys are a library's own, made for one call so that it can be sent again. Those of clients of earlier versions have the
// same form, and so need nothing said of them. Client and broker; pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace jobpool {

inline constexpr std::size_t kCallKeyDigits = 32;

// Lower-case. Asked of each job that ends: so written that compilers look at all of them together, and at none by a branch of its own.
constexpr bool are_hexadecimal(std::string_view digits) {
  unsigned char others = 0;
  for (const char digit : digits) {
    const auto c = static_cast<unsigned char>(digit);
    others |= static_cast<unsigned char>((c < '0') | (c > 'f') | ((c > '9') & (c < 'a')));
  }
  return others == 0;
}

// 32 lower-case hexadecimal digits; of a chunk with its number behind them, as in "…-17". All else somebody chose, to name one job by.
constexpr bool is_call_key(std::string_view key) {
  constexpr auto kIsDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (key.size() < kCallKeyDigits || !are_hexadecimal(key.substr(0, kCallKeyDigits))) return false;
  const std::string_view number = key.substr(kCallKeyDigits);
  if (number.empty()) return true;
  return number.front() == '-' && number.size() > 1 && std::ranges::all_of(number.substr(1), kIsDigit);
}

}  // namespace jobpool
