// Words of bits, and words about words.
#include "daemon/broker/pool/free_bits.hpp"

#include <bit>

namespace jobpool::broker {
namespace {

constexpr unsigned kWordShift = 6;
constexpr std::uint64_t kInWord = 63;

}  // namespace

bool FreeBits::contains(std::uint64_t number) const {
  const std::uint64_t index = number >> kWordShift;
  if (index > rest_[0].size()) return false;
  const std::uint64_t word = index == 0 ? first_[0] : rest_[0][index - 1];
  return (word >> (number & kInWord) & 1) != 0;
}

std::uint64_t FreeBits::smallest() const {
  std::uint64_t place = 0;
  for (std::size_t level = kLevels; level-- > 0;) {
    const std::uint64_t word = place == 0 ? first_[level] : rest_[level][place - 1];
    place = (place << kWordShift) + static_cast<unsigned>(std::countr_zero(word));
  }
  return place;
}

void FreeBits::each(function_ref<void(std::uint64_t number)> take) const {
  for (std::uint64_t index = 0; index <= rest_[0].size(); ++index) {
    std::uint64_t bits = index == 0 ? first_[0] : rest_[0][index - 1];
    for (; bits != 0; bits &= bits - 1) take((index << kWordShift) + static_cast<unsigned>(std::countr_zero(bits)));
  }
}

void FreeBits::add(std::uint64_t number) {
  for (std::size_t level = 0; level < kLevels; ++level) {
    const std::uint64_t index = number >> kWordShift;
    if (index > rest_[level].size()) rest_[level].resize(index);
    std::uint64_t& bits = word(level, index);
    const bool known_above = bits != 0;
    bits |= std::uint64_t{1} << (number & kInWord);
    if (known_above) return;
    number = index;
  }
}

void FreeBits::remove(std::uint64_t number) {
  for (std::size_t level = 0; level < kLevels; ++level) {
    const std::uint64_t index = number >> kWordShift;
    std::uint64_t& bits = word(level, index);
    bits &= ~(std::uint64_t{1} << (number & kInWord));
    if (bits != 0) return;
    number = index;
  }
}

}  // namespace jobpool::broker
