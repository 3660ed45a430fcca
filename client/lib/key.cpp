// A key is random, not counted: a client that was restarted must not reuse the keys of its former life.
#include "client/lib/key.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/call_key.hpp"
#include "common/fork_mark.hpp"

namespace jobpool::client {

namespace {

constexpr std::size_t kKeyBytes = kCallKeyDigits / 2;
using KeyBytes = std::array<std::uint8_t, kKeyBytes>;

// So few bytes come whole or not at all, and only a kernel without getrandom refuses: a guessable key would be worse than an abort.
template <std::size_t kSize>
void make_random(std::array<std::uint8_t, kSize>& bytes) {
  static_assert(kSize <= 256);
  if (::getrandom(bytes.data(), kSize, 0) != static_cast<ssize_t>(kSize)) std::abort();
}

// Random bytes for the next keys of this thread: a system call for each key would be a tenth of what a call costs the client.
class Supply {
 public:
  KeyBytes take() {
    KeyBytes key;
    // The first is made alone: a command line makes no other, and is spared the mark.
    if (std::exchange(is_first_, false)) {
      make_random(key);
      return key;
    }
    if (left_ == 0 || !mark_->is_of_this_process()) renew();  // a fork's child must not make its parent's next keys
    left_ -= kKeyBytes;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(left_), kKeyBytes, key.begin());
    return key;
  }

 private:
  void renew() {
    make_random(bytes_);
    left_ = bytes_.size();
    if (!mark_ || !mark_->is_of_this_process()) mark_.emplace();
  }

  std::array<std::uint8_t, 16 * kKeyBytes> bytes_{};
  bool is_first_ = true;
  std::size_t left_ = 0;
  std::optional<ForkMark> mark_;  // there once something is left
};

thread_local Supply supply;

}  // namespace

std::string make_key() {
  const auto bytes = supply.take();
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 2 * kKeyBytes> key;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    key[2 * i] = kDigits[bytes[i] >> 4];
    key[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return {key.data(), key.size()};
}

}  // namespace jobpool::client
