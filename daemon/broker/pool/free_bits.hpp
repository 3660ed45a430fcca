// A set of numbers as bits, with a summary above each 64 of them: the smallest is found, and any is added or removed, in five steps.
// Grows to the largest number ever added. Broker process, its one thread; the books of BlockAllocator.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/function_ref.hpp"

namespace jobpool::broker {

class FreeBits {
 public:
  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 30;  // 64 to the power of the number of levels

  bool empty() const { return first_.back() == 0; }
  bool contains(std::uint64_t number) const;
  // Requires: not empty.
  std::uint64_t smallest() const;
  // Ascending.
  void each(function_ref<void(std::uint64_t number)> take) const;

  // Requires: < kEnd, not in it.
  void add(std::uint64_t number);
  // Requires: in it.
  void remove(std::uint64_t number);

 private:
  std::uint64_t& word(std::size_t level, std::uint64_t index) { return index == 0 ? first_[level] : rest_[level][index - 1]; }

  // Level 0 has a bit for each number, level i + 1 one for each word of level i that is not 0. The first word of each is here: most sets
  // have small numbers only, and cost no allocation.
  static constexpr std::size_t kLevels = 5;
  std::array<std::uint64_t, kLevels> first_{};
  std::array<std::vector<std::uint64_t>, kLevels> rest_;  // the words behind it
};

}  // namespace jobpool::broker
