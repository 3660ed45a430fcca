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
  std::optional<std::uint64_t> offset;
  if (shift <= kPocketShift && !pockets_[shift].empty()) {
    offset = pockets_[shift].back();
    pockets_[shift].pop_back();
    used_ += std::uint64_t{1} << shift;
    return offset;
  }
  if (const auto from = free_from(shift)) {
    offset = free_[*from].smallest() << *from;
    carve(*offset, shift, *from);
  }
  return offset;
}

std::optional<std::uint64_t> BlockAllocator::next(std::uint64_t size) const {
  const unsigned shift = shift_for(size);
  if (shift > kPocketShift || pockets_[shift].empty()) return std::nullopt;
  return pockets_[shift].back();
}

bool BlockAllocator::has(std::uint64_t size) {
  const unsigned shift = shift_for(size);
  return (shift <= kPocketShift && !pockets_[shift].empty()) || free_from(shift);
}

std::optional<unsigned> BlockAllocator::free_from(unsigned shift) {
  do
    for (unsigned from = shift; from <= kMaxShift; ++from)
      if (!free_[from].empty()) return from;
  while (empty_pockets());
  return std::nullopt;
}

bool BlockAllocator::empty_pockets() {
  bool had_any = false;
  for (unsigned shift = kMinShift; shift <= kPocketShift; ++shift)
    for (; !pockets_[shift].empty(); pockets_[shift].pop_back()) {
      merge(pockets_[shift].back(), shift);
      had_any = true;
    }
  return had_any;
}

void BlockAllocator::carve(std::uint64_t offset, unsigned shift, unsigned from) {
  free_[from].remove(offset >> from);
  for (; from > shift; --from) free_[from - 1].add((offset >> (from - 1)) ^ 1);
  used_ += std::uint64_t{1} << shift;
}

void BlockAllocator::free(std::uint64_t offset, std::uint64_t size) {
  const unsigned shift = shift_for(size);
  used_ -= std::uint64_t{1} << shift;
  if (shift <= kPocketShift && pockets_[shift].size() < kPocketBlocks)
    pockets_[shift].push_back(offset);
  else
    merge(offset, shift);
}

void BlockAllocator::merge(std::uint64_t offset, unsigned shift) {
  std::uint64_t place = offset >> shift;
  for (; shift < kMaxShift && free_[shift].contains(place ^ 1); ++shift, place >>= 1) free_[shift].remove(place ^ 1);
  free_[shift].add(place);
}

void BlockAllocator::each_free(std::uint64_t smallest, function_ref<void(std::uint64_t offset, std::uint64_t size)> take) {
  empty_pockets();
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
