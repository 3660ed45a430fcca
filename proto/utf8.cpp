// UTF-8 by the table of well-formed byte sequences (Unicode, table 3-7).
#include "proto/utf8.hpp"

#include "proto/byte_runs.hpp"

namespace jobpool::proto {
namespace {

// What follows a lead byte: how many bytes in all, and the range of the second one. The narrower ranges are what keeps out overlong
// forms (E0, F0), surrogates (ED) and everything above U+10FFFF (F4).
struct Lead {
  std::size_t length;
  unsigned char second_min, second_max;
};

constexpr Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xC2) return {0, 0, 0};
  if (first < 0xE0) return {2, 0x80, 0xBF};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first < 0xF0) return {3, 0x80, 0xBF};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first < 0xF4) return {4, 0x80, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

constexpr bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Signed: NUL, and bytes with a high bit.
struct NotAsciiText {
  template <class Byte>
  auto operator()(Byte byte) const {
    return byte < 1;
  }
};

}  // namespace

std::size_t utf8_character(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.length > text.size()) return 0;
  if (lead.length >= 2 && (byte(1) < lead.second_min || byte(1) > lead.second_max)) return 0;
  for (std::size_t i = 2; i < lead.length; ++i)
    if (!is_continuation(byte(i))) return 0;
  return lead.length;
}

bool is_protocol_text(std::string_view bytes) {
  while (true) {
    const char* const end = bytes.data() + bytes.size();
    bytes.remove_prefix(static_cast<std::size_t>(run_end<NotAsciiText>(bytes.data(), end) - bytes.data()));
    if (bytes.empty()) return true;
    const std::size_t length = utf8_character(bytes);
    if (length < 2) return false;  // 1 can only be U+0000 here
    bytes.remove_prefix(length);
  }
}

std::string_view utf8_prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && is_continuation(static_cast<unsigned char>(text[limit]))) --limit;
  return text.substr(0, limit);
}

}  // namespace jobpool::proto
