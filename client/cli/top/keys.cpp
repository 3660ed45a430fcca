// See keys.hpp.
#include "client/cli/top/keys.hpp"

#include <algorithm>
#include <optional>

namespace jobpool::cli {
namespace {

constexpr char kEscape = '\x1b';

// What is behind "ESC [" or "ESC O", up to its final byte.
std::optional<Key::Kind> sequence_kind(std::string_view body) {
  if (body == "A") return Key::Kind::up;
  if (body == "B") return Key::Kind::down;
  if (body == "H" || body == "1~" || body == "7~") return Key::Kind::home;
  if (body == "F" || body == "4~" || body == "8~") return Key::Kind::end;
  if (body == "5~") return Key::Kind::page_up;
  if (body == "6~") return Key::Kind::page_down;
  return std::nullopt;
}

bool ends_sequence(char c) { return c >= 0x40 && c <= 0x7e; }

// How long a character that begins with this byte is; 1 for what begins none.
std::size_t length_of(unsigned char first) { return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1; }

// Takes one sequence behind its Escape off `bytes`.
std::optional<Key> take_sequence(std::string_view& bytes) {
  if (bytes.empty() || (bytes.front() != '[' && bytes.front() != 'O')) return Key{Key::Kind::escape};
  bytes.remove_prefix(1);
  const auto last = std::ranges::find_if(bytes, ends_sequence);
  const std::size_t length = static_cast<std::size_t>(last - bytes.begin()) + (last == bytes.end() ? 0 : 1);
  const auto kind = sequence_kind(bytes.substr(0, length));
  bytes.remove_prefix(length);
  return kind ? std::optional{Key{*kind}} : std::nullopt;
}

}  // namespace

std::vector<Key> KeyReader::feed(std::string_view more) {
  const std::string all = rest_.append(more);
  rest_.clear();
  std::vector<Key> keys;
  for (std::string_view bytes = all; !bytes.empty();) {
    const char first = bytes.front();
    const std::size_t length = length_of(static_cast<unsigned char>(first));
    if (length > bytes.size()) {
      rest_ = bytes;
      break;
    }
    const std::string text{bytes.substr(0, length)};
    bytes.remove_prefix(length);
    if (first == kEscape) {
      if (const auto key = take_sequence(bytes)) keys.push_back(*key);
    } else if (first == '\r' || first == '\n') {
      keys.push_back({Key::Kind::enter});
    } else if (first == '\x7f' || first == '\b') {
      keys.push_back({Key::Kind::backspace});
    } else if (static_cast<unsigned char>(first) >= ' ') {
      keys.push_back({Key::Kind::character, text});
    }
  }
  return keys;
}

}  // namespace jobpool::cli
