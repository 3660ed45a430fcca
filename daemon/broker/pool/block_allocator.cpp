// Power-of-two blocks: free lists by size, larger ones split on demand, never merged (sizes repeat in a ledger).
#include "daemon/broker/pool/block_allocator.hpp"

#include <algorithm>

namespace jobpool::broker {

std::optional<std::uint64_t> BlockAllocator::allocate(std::uint64_t size) {
  const unsigned shift = shift_for(size);
  if (shift > kMaxShift) return std::nullopt;
  const std::uint64_t bytes = std::uint64_t{1} << shift;
  if (!free_[shift].empty()) {
    const std::uint64_t offset = free_[shift].back();
    free_[shift].pop_back();
    used_ += bytes;
    return offset;
  }
  const std::uint64_t start = (top_ + bytes - 1) & ~(bytes - 1);
  if (start + bytes <= capacity_) {
    free_gap(top_, start);
    top_ = start + bytes;
    used_ += bytes;
    return start;
  }
  for (unsigned larger = shift + 1; larger <= kMaxShift; ++larger) {
    if (free_[larger].empty()) continue;
    const std::uint64_t offset = free_[larger].back();
    free_[larger].pop_back();
    free_gap(offset + bytes, offset + (std::uint64_t{1} << larger));
    used_ += bytes;
    return offset;
  }
  return std::nullopt;
}

void BlockAllocator::free(std::uint64_t offset, std::uint64_t size) {
  const unsigned shift = shift_for(size);
  free_[shift].push_back(offset);
  used_ -= std::uint64_t{1} << shift;
}

bool BlockAllocator::adopt(std::uint64_t offset, std::uint64_t size) {
  const unsigned shift = shift_for(size);
  if (shift > kMaxShift) return false;
  const std::uint64_t bytes = std::uint64_t{1} << shift;
  if (offset < top_ || offset % bytes != 0 || offset > capacity_ || bytes > capacity_ - offset) return false;
  free_gap(top_, offset);
  top_ = offset + bytes;
  used_ += bytes;
  return true;
}

// Cuts [from, to) into the largest aligned blocks.
void BlockAllocator::free_gap(std::uint64_t from, std::uint64_t to) {
  while (to - from >= (std::uint64_t{1} << kMinShift)) {
    const unsigned by_alignment = from == 0 ? kMaxShift : static_cast<unsigned>(std::countr_zero(from));
    const unsigned by_size = static_cast<unsigned>(std::bit_width(to - from)) - 1;
    const unsigned shift = std::min({by_alignment, by_size, kMaxShift});
    free_[shift].push_back(from);
    from += std::uint64_t{1} << shift;
  }
}

}  // namespace jobpool::broker
