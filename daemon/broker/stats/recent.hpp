// How often something happened in the last seconds: a counter for each second, used in turn. Pure, constant time and space.
#pragma once

#include <array>
#include <cstdint>

namespace jobpool::broker {

class Recent {
 public:
  static constexpr std::int64_t kSeconds = 10;

  // `second`: of a clock that is never set back.
  void add(std::int64_t second) {
    Slot& slot = slots_[static_cast<std::size_t>(second) % slots_.size()];
    if (slot.second != second) slot = {second, 0};
    ++slot.count;
  }
  // In the kSeconds whole seconds before this one.
  std::uint64_t count(std::int64_t second) const {
    std::uint64_t count = 0;
    for (const Slot& slot : slots_)
      if (slot.second < second && slot.second >= second - kSeconds) count += slot.count;
    return count;
  }

 private:
  struct Slot {
    std::int64_t second = INT64_MIN;
    std::uint64_t count = 0;
  };
  std::array<Slot, 16> slots_;
};

}  // namespace jobpool::broker
