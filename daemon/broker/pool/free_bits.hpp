// A set of numbers as bits, with a summary above each 64 of them: the smallest is found, and any is added or removed, in five steps.
// Grows to the largest number ever added. Broker process, its one thread; the books of BlockAllocator.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace jobpool::broker {

class FreeBits {
 public:
  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 30;  // 64 to the power of the number of levels

  bool empty() const { return levels_.back().empty() || levels_.back().front() == 0; }
  bool contains(std::uint64_t number) const;
  // Requires: not empty.
  std::uint64_t smallest() const;

  // Requires: < kEnd, not in it.
  void add(std::uint64_t number);
  // Requires: in it.
  void remove(std::uint64_t number);

 private:
  // levels_[0] has a bit for each number, levels_[i + 1] one for each word of levels_[i] that is not 0.
  std::array<std::vector<std::uint64_t>, 5> levels_;
};

}  // namespace jobpool::broker
