// Bytes to one number, at three times the rate of libstdc++'s hash. Kept in the store, as a part of fingerprints: it must not change.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

namespace jobpool::broker {

// Four sums side by side, each of which every one of its words changes.
class LargeHash {
 public:
  static constexpr std::size_t kStep = 4 * sizeof(std::uint64_t);

  // Requires: whole steps.
  void add(std::string_view bytes) {
    for (const char *at = bytes.data(), *const end = at + bytes.size(); at != end; at += kStep) {
      first_ = mixed(first_, word(at, 0));
      second_ = mixed(second_, word(at, 1));
      third_ = mixed(third_, word(at, 2));
      fourth_ = mixed(fourth_, word(at, 3));
    }
  }
  // Of all that was added, and what is left behind it: less than a step.
  std::uint64_t value(std::string_view rest) const {
    return mixed(mixed(mixed(mixed(std::hash<std::string_view>{}(rest), first_), second_), third_), fourth_);
  }

 private:
  static std::uint64_t mixed(std::uint64_t sum, std::uint64_t word) { return std::rotl((sum ^ word) * 0x9e3779b97f4a7c15U, 29); }
  static std::uint64_t word(const char* at, std::size_t i) {
    std::uint64_t value;
    std::memcpy(&value, at + i * sizeof value, sizeof value);
    return value;
  }

  std::uint64_t first_ = 1, second_ = 2, third_ = 3, fourth_ = 4;  // by name: compilers make slow vectors of an array
};

// As many of these bytes as are whole steps.
inline std::string_view whole_steps(std::string_view bytes) { return bytes.substr(0, bytes.size() / LargeHash::kStep * LargeHash::kStep); }

}  // namespace jobpool::broker
