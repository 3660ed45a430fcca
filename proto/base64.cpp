// Base64, four characters for three bytes.
#include "proto/base64.hpp"

#include <array>
#include <cstdint>

namespace jobpool::proto {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kNoDigit = 0xFF;

constexpr auto kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return digits;
}();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }
std::uint32_t digit_at(std::string_view text, std::size_t i) { return kDigits[byte_at(text, i)]; }

void append_digits(std::string& out, std::uint32_t bits, int count) {
  for (int shift = 18; count > 0; shift -= 6, --count) out += kAlphabet[(bits >> shift) & 63];
}

// The last group: `text` is its two or three digits without the padding. False: a bad digit, or bits that no encoder leaves.
bool append_rest(std::string& out, std::string_view text) {
  const std::uint32_t third = text.size() == 3 ? digit_at(text, 2) : 0;
  if (digit_at(text, 0) == kNoDigit || digit_at(text, 1) == kNoDigit || third == kNoDigit) return false;
  const std::uint32_t bits = digit_at(text, 0) << 18 | digit_at(text, 1) << 12 | third << 6;
  const std::uint32_t stray = text.size() == 3 ? 0xFF : 0xFFFF;
  if ((bits & stray) != 0) return false;
  out += static_cast<char>(bits >> 16);
  if (text.size() == 3) out += static_cast<char>(bits >> 8);
  return true;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (; bytes.size() >= 3; bytes.remove_prefix(3))
    append_digits(out, byte_at(bytes, 0) << 16 | byte_at(bytes, 1) << 8 | byte_at(bytes, 2), 4);
  if (bytes.empty()) return;
  const std::uint32_t second = bytes.size() == 2 ? byte_at(bytes, 1) : 0;
  append_digits(out, byte_at(bytes, 0) << 16 | second << 8, bytes.size() == 2 ? 3 : 2);
  out.append(3 - bytes.size(), '=');
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string_view digits = text;
  if (digits.ends_with('=')) digits.remove_suffix(1);
  if (digits.ends_with('=')) digits.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (; digits.size() >= 4; digits.remove_prefix(4)) {
    const std::uint32_t a = digit_at(digits, 0), b = digit_at(digits, 1), c = digit_at(digits, 2), d = digit_at(digits, 3);
    if (((a | b | c | d) & 0xC0) != 0) return std::nullopt;  // digits are below 64; kNoDigit has these bits
    const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    bytes += static_cast<char>(bits >> 16);
    bytes += static_cast<char>(bits >> 8);
    bytes += static_cast<char>(bits);
  }
  // "====" and the like leave one digit, which stands for no byte.
  if (digits.size() == 1 || (!digits.empty() && !append_rest(bytes, digits))) return std::nullopt;
  if (digits.empty() && text.ends_with('=')) return std::nullopt;
  return bytes;
}

}  // namespace jobpool::proto
