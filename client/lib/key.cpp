// A key is random, not counted: a client that was restarted must not reuse the keys of its former life.
#include "client/lib/key.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace jobpool::client {

std::string make_key() {
  std::array<std::uint8_t, 16> bytes{};
  // 16 bytes come whole or not at all, and only a kernel without getrandom refuses: a guessable key would be worse than an abort.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string key;
  key.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    key.push_back(kDigits[byte >> 4]);
    key.push_back(kDigits[byte & 15]);
  }
  return key;
}

}  // namespace jobpool::client
