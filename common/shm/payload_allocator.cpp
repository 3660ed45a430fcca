// First-fit allocation over a sorted array of at most kSlots ranges. Broker process.
#include "common/shm/payload_allocator.hpp"

#include <algorithm>
#include <cstdlib>

namespace jobpool::shm {
namespace {

std::uint64_t round_up(std::uint64_t length) { return (length + kPayloadAlignment - 1) / kPayloadAlignment * kPayloadAlignment; }

}  // namespace

std::optional<std::uint64_t> PayloadAllocator::allocate(std::uint64_t length) {
  if (length == 0) return 0;
  if (length > kPayloadBytes) return std::nullopt;
  const std::uint64_t size = round_up(length);
  std::uint64_t start = packed_ == 0 ? 0 : used_[packed_ - 1].end;
  for (std::size_t place = packed_; place <= count_; ++place) {
    const std::uint64_t gap_end = place < count_ ? used_[place].offset : kPayloadBytes;
    if (gap_end - start >= size) {
      insert(place, Range{start, start + size});
      return start;
    }
    if (place < count_) start = used_[place].end;
  }
  return std::nullopt;
}

bool PayloadAllocator::reserve(std::uint64_t offset, std::uint64_t length) {
  if (length > kPayloadBytes || offset > kPayloadBytes - length) return false;
  if (length == 0) return true;
  if (offset % kPayloadAlignment != 0 || count_ == kSlots) return false;
  const Range range{offset, offset + round_up(length)};
  std::size_t place = 0;
  while (place < count_ && used_[place].offset < range.offset) ++place;
  const bool hits_previous = place > 0 && used_[place - 1].end > range.offset;
  const bool hits_next = place < count_ && used_[place].offset < range.end;
  if (hits_previous || hits_next) return false;
  insert(place, range);
  return true;
}

void PayloadAllocator::free(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  const auto end = used_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto found = std::find_if(used_.begin(), end, [&](const Range& range) { return range.offset == offset; });
  if (found == end || found->end != offset + round_up(length)) std::abort();
  packed_ = std::min(packed_, static_cast<std::size_t>(found - used_.begin()));
  std::move(found + 1, end, found);
  --count_;
}

void PayloadAllocator::each_gap(std::uint64_t end, function_ref<void(std::uint64_t offset, std::uint64_t length)> take) const {
  std::uint64_t start = 0;
  for (std::size_t place = 0; place < count_ && start < end; ++place) {
    if (used_[place].offset > start) take(start, std::min(used_[place].offset, end) - start);
    start = used_[place].end;
  }
  if (start < end) take(start, end - start);
}

void PayloadAllocator::insert(std::size_t place, Range range) {
  if (count_ == kSlots) std::abort();
  std::move_backward(used_.begin() + static_cast<std::ptrdiff_t>(place), used_.begin() + static_cast<std::ptrdiff_t>(count_),
                     used_.begin() + static_cast<std::ptrdiff_t>(count_) + 1);
  used_[place] = range;
  ++count_;
  while (packed_ < count_ && used_[packed_].offset == (packed_ == 0 ? 0 : used_[packed_ - 1].end)) ++packed_;
}

}  // namespace jobpool::shm
