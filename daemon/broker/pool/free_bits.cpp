// Words of bits, and words about words.
#include "daemon/broker/pool/free_bits.hpp"

#include <bit>

namespace jobpool::broker {
namespace {

constexpr unsigned kWordShift = 6;
constexpr std::uint64_t kInWord = 63;

}  // namespace

bool FreeBits::contains(std::uint64_t number) const {
  const std::uint64_t word = number >> kWordShift;
  return word < levels_[0].size() && (levels_[0][word] >> (number & kInWord) & 1) != 0;
}

std::uint64_t FreeBits::smallest() const {
  std::uint64_t place = 0;
  for (std::size_t level = levels_.size(); level-- > 0;)
    place = (place << kWordShift) + static_cast<unsigned>(std::countr_zero(levels_[level][place]));
  return place;
}

void FreeBits::add(std::uint64_t number) {
  for (auto& level : levels_) {
    const std::uint64_t word = number >> kWordShift;
    if (word >= level.size()) level.resize(word + 1);
    const bool known_above = level[word] != 0;
    level[word] |= std::uint64_t{1} << (number & kInWord);
    if (known_above) return;
    number = word;
  }
}

void FreeBits::remove(std::uint64_t number) {
  for (auto& level : levels_) {
    const std::uint64_t word = number >> kWordShift;
    level[word] &= ~(std::uint64_t{1} << (number & kInWord));
    if (level[word] != 0) return;
    number = word;
  }
}

}  // namespace jobpool::broker
