// Which ranges of the payload memfd are in use. Broker process, private memory only: no kill point can leak or corrupt it,
// a new broker rebuilds it from the descriptors in flight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/function_ref.hpp"
#include "common/shm/layout.hpp"

namespace jobpool::shm {

inline constexpr std::size_t kPayloadAlignment = kCacheLine;

// First fit from low addresses, so that few pages are ever touched. As many ranges as slots: a sorted array is all it takes. Of a worker
// with many short jobs nearly all ranges lie side by side, and an allocation begins behind these.
class PayloadAllocator {
 public:
  // The offset; nullopt: no gap is large enough. Zero bytes take no room. Requires: fewer than kSlots ranges in use.
  std::optional<std::uint64_t> allocate(std::uint64_t length);

  // Marks a range found in flight. false: outside the area, misaligned, or overlapping another one.
  bool reserve(std::uint64_t offset, std::uint64_t length);

  // Requires: allocated or reserved with this length.
  void free(std::uint64_t offset, std::uint64_t length);

  // What is not in use before `end`.
  void each_gap(std::uint64_t end, function_ref<void(std::uint64_t offset, std::uint64_t length)> take) const;

 private:
  struct Range {
    std::uint64_t offset;
    std::uint64_t end;
  };

  void insert(std::size_t place, Range range);

  std::array<Range, kSlots> used_{};  // ascending
  std::size_t count_ = 0;
  std::size_t packed_ = 0;  // the first so many lie side by side from 0: there is no gap before their end
};

}  // namespace jobpool::shm
