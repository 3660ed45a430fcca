// Space in the ledger's heap: blocks of powers of two, each aligned to its size, so that a new broker can rebuild the books from the
// blocks in use alone. A buddy allocator: a freed block is merged with its free neighbour, so that any mix of sizes can follow any other.
// Small ones that were freed lately are handed out again as they are, and merged when room is wanted that there is not otherwise.
// Bookkeeping lives in private memory: no kill point can leak or corrupt it. Broker process, its one thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/broker/pool/free_bits.hpp"

namespace jobpool::broker {

class BlockAllocator {
 public:
  static constexpr unsigned kMinShift = 6;   // 64 bytes: a short report
  static constexpr unsigned kMaxShift = 25;  // 32 MiB: the largest result, rounded up

  // Requires: capacity ≤ 64 GiB.
  explicit BlockAllocator(std::uint64_t capacity);

  // The offset of a block of at least `size` bytes: one of its size that was freed lately, else the lowest of the smallest that fit. What
  // was never used stays untouched.
  // nullopt: no room, or larger than the largest block.
  std::optional<std::uint64_t> allocate(std::uint64_t size);
  // allocate() would give one.
  bool has(std::uint64_t size);
  // Where the next one of that size is to be, if it is the one that was freed last.
  std::optional<std::uint64_t> next(std::uint64_t size) const;
  // Requires: allocated with the same size.
  void free(std::uint64_t offset, std::uint64_t size);

  // A block found in use by a new broker. False: it overlaps another, is not aligned or leaves the heap (a spoiled ledger).
  bool adopt(std::uint64_t offset, std::uint64_t size);

  // All that is free in blocks of at least `smallest` bytes, a power of two.
  void each_free(std::uint64_t smallest, function_ref<void(std::uint64_t offset, std::uint64_t size)> take);

  std::uint64_t used() const { return used_; }

  static std::uint64_t block_size(std::uint64_t size) { return std::uint64_t{1} << shift_for(size); }

 private:
  static unsigned shift_for(std::uint64_t size) {
    const unsigned shift = static_cast<unsigned>(std::bit_width(size > 0 ? size - 1 : 0));
    return shift < kMinShift ? kMinShift : shift;
  }
  // The smallest size of at least 2^`shift` bytes that has a free block.
  std::optional<unsigned> free_from(unsigned shift);
  void merge(std::uint64_t offset, unsigned shift);
  // False: there was nothing in them.
  bool empty_pockets();
  // Takes the block at `offset` out of the free one of 2^`from` bytes around it; the rest stays free.
  void carve(std::uint64_t offset, unsigned shift, unsigned from);

  static constexpr unsigned kPocketShift = 8;        // up to 256 bytes: what the books of a job without a result take, and most results
  static constexpr std::size_t kPocketBlocks = 256;  // of a size: more than a turn of the broker frees of it, as a rule

  std::uint64_t used_ = 0;                                            // not by what is in the pockets
  std::array<FreeBits, kMaxShift + 1> free_;                          // by shift: offset >> shift of each free block
  std::array<std::vector<std::uint64_t>, kPocketShift + 1> pockets_;  // by shift: the offsets of those freed lately, which are not in free_
};

}  // namespace jobpool::broker
