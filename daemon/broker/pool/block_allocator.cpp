// Splitting on the way down, merging on the way up.
#include "daemon/broker/pool/block_allocator.hpp"

#include <algorithm>

namespace jobpool::broker {

// The largest aligned blocks from 0 on; two of them are never neighbours that could be merged.
BlockAllocator::BlockAllocator(std::uint64_t capacity) {
  for (std::uint64_t offset = 0; capacity - offset >= std::uint64_t{1} << kMinShift;) {
    const unsigned shift = std::min(static_cast<unsigned>(std::bit_width(capacity - offset)) - 1, kMaxShift);
    free_[shift].add(offset >> shift);
    offset += std::uint64_t{1} << shift;
  }
}

std::optional<std::uint64_t> BlockAllocator::allocate(std::uint64_t size) {
  const unsigned shift = shift_for(size);
  for (unsigned from = shift; from <= kMaxShift; ++from) {
    if (free_[from].empty()) continue;
    const std::uint64_t offset = free_[from].smallest() << from;
    carve(offset, shift, from);
    return offset;
  }
  return std::nullopt;
}

bool BlockAllocator::has(std::uint64_t size) const {
  for (unsigned from = shift_for(size); from <= kMaxShift; ++from)
    if (!free_[from].empty()) return true;
  return false;
}

void BlockAllocator::carve(std::uint64_t offset, unsigned shift, unsigned from) {
  free_[from].remove(offset >> from);
  for (; from > shift; --from) free_[from - 1].add((offset >> (from - 1)) ^ 1);
  used_ += std::uint64_t{1} << shift;
}

void BlockAllocator::free(std::uint64_t offset, std::uint64_t size) {
  unsigned shift = shift_for(size);
  used_ -= std::uint64_t{1} << shift;
  std::uint64_t place = offset >> shift;
  for (; shift < kMaxShift && free_[shift].contains(place ^ 1); ++shift, place >>= 1) free_[shift].remove(place ^ 1);
  free_[shift].add(place);
}

void BlockAllocator::each_free(std::uint64_t smallest, function_ref<void(std::uint64_t offset, std::uint64_t size)> take) const {
  for (unsigned shift = shift_for(smallest); shift <= kMaxShift; ++shift)
    free_[shift].each([&](std::uint64_t place) { take(place << shift, std::uint64_t{1} << shift); });
}

bool BlockAllocator::adopt(std::uint64_t offset, std::uint64_t size) {
  const unsigned shift = shift_for(size);
  if (shift > kMaxShift || offset % (std::uint64_t{1} << shift) != 0) return false;
  for (unsigned from = shift; from <= kMaxShift; ++from)
    if (free_[from].contains(offset >> from)) {
      carve(offset, shift, from);
      return true;
    }
  return false;
}

}  // namespace jobpool::broker
