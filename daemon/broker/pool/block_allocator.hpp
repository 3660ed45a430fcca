// Space in the ledger's heap: blocks of powers of two, each aligned to its size, so that a new broker can rebuild the books from the
// blocks in use alone. Bookkeeping lives in private memory: no kill point can leak or corrupt it.
// Broker process, its one thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

namespace jobpool::broker {

class BlockAllocator {
 public:
  static constexpr unsigned kMinShift = 6;   // 64 bytes: a short report
  static constexpr unsigned kMaxShift = 25;  // 32 MiB: the largest result, rounded up

  explicit BlockAllocator(std::uint64_t capacity) : capacity_(capacity) {}

  // The offset of a block of at least `size` bytes; nullopt: no room, or larger than the largest block.
  std::optional<std::uint64_t> allocate(std::uint64_t size);
  // Requires: allocated with the same size.
  void free(std::uint64_t offset, std::uint64_t size);

  // A block found in use by a new broker. False: it overlaps the order of earlier calls or the capacity (a spoiled ledger).
  // Requires: called in ascending order of offsets, before any allocate().
  bool adopt(std::uint64_t offset, std::uint64_t size);

  std::uint64_t used() const { return used_; }

  static std::uint64_t block_size(std::uint64_t size) { return std::uint64_t{1} << shift_for(size); }

 private:
  static unsigned shift_for(std::uint64_t size) {
    const unsigned shift = static_cast<unsigned>(std::bit_width(size > 0 ? size - 1 : 0));
    return shift < kMinShift ? kMinShift : shift;
  }
  void free_gap(std::uint64_t from, std::uint64_t to);

  std::uint64_t capacity_;
  std::uint64_t top_ = 0;  // nothing above it was ever allocated
  std::uint64_t used_ = 0;
  std::array<std::vector<std::uint64_t>, kMaxShift + 1> free_;  // by shift
};

}  // namespace jobpool::broker
