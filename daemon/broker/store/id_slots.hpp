// The file of the id reservation: one number, kept in two slots that are overwritten in turn, so that a write that is torn leaves the
// other. The file never grows: a number can be written on a full disk.
//
//   offset 0 and 4096: "jobpool ids 2\n" and two zeros | counter u64 | number u64 | checksum u64 of the 32 bytes before; little-endian
//   the valid slot with the higher counter counts
//
// Version 1 was the number as decimal text with a newline; it is read once, and replaced by a file of two slots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jobpool::broker {

struct IdSlot {
  std::uint64_t counter = 0;
  std::uint64_t number = 0;
};

inline constexpr std::size_t kIdSlotBytes = 40;
inline constexpr std::size_t kIdSlotDistance = 4096;  // a page of any file system: one write cannot spoil both
inline constexpr std::size_t kIdFileBytes = 2 * kIdSlotDistance;

constexpr std::size_t offset_of_slot(std::uint64_t counter) { return counter % 2 * kIdSlotDistance; }

std::string encode(const IdSlot& slot);
std::optional<IdSlot> decode_slot(std::string_view bytes);

// The decimal text of version 1, of a number above 0.
std::optional<std::uint64_t> decode_text(std::string_view bytes);

}  // namespace jobpool::broker
