// A key is random, not counted: a client that was restarted must not reuse the keys of its former life.
#include "client/lib/key.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace jobpool::client {

namespace {

constexpr std::size_t kKeyBytes = 16;

// Random bytes for the next keys of this thread: a system call for each key would be a tenth of what a call costs the client.
class Supply {
 public:
  std::array<std::uint8_t, kKeyBytes> take() {
    const pid_t process = ::getpid();
    if (left_ == 0 || process != process_) fill(process);  // a fork's child must not make its parent's next keys
    std::array<std::uint8_t, kKeyBytes> key{};
    left_ -= kKeyBytes;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(left_), kKeyBytes, key.begin());
    return key;
  }

 private:
  void fill(pid_t process) {
    // 256 bytes come whole or not at all, and only a kernel without getrandom refuses: a guessable key would be worse than an abort.
    if (::getrandom(bytes_.data(), bytes_.size(), 0) != static_cast<ssize_t>(bytes_.size())) std::abort();
    left_ = bytes_.size();
    process_ = process;
  }

  std::array<std::uint8_t, 16 * kKeyBytes> bytes_{};
  std::size_t left_ = 0;
  pid_t process_ = 0;
};

thread_local Supply supply;

}  // namespace

std::string make_key() {
  const auto bytes = supply.take();
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
