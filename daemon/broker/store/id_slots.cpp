// See id_slots.hpp.
#include "daemon/broker/store/id_slots.hpp"

#include <charconv>

namespace jobpool::broker {
namespace {

constexpr std::string_view kMagic("jobpool ids 2\n\0\0", 16);

void append(std::string& bytes, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift));
}

std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}

// FNV-1a, 64 bits: against torn and rotten bytes, not against an enemy.
std::uint64_t checksum_of(std::string_view bytes) {
  std::uint64_t sum = 14'695'981'039'346'656'037U;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 1'099'511'628'211U;
  return sum;
}

}  // namespace

std::string encode(const IdSlot& slot) {
  std::string bytes(kMagic);
  append(bytes, slot.counter);
  append(bytes, slot.number);
  append(bytes, checksum_of(bytes));
  return bytes;
}

std::optional<IdSlot> decode_slot(std::string_view bytes) {
  if (bytes.size() < kIdSlotBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  if (number_at(bytes, 32) != checksum_of(bytes.substr(0, 32))) return std::nullopt;
  const IdSlot slot{number_at(bytes, 16), number_at(bytes, 24)};
  return slot.number == 0 ? std::nullopt : std::optional(slot);
}

std::optional<std::uint64_t> decode_text(std::string_view bytes) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
  if (error != std::errc{} || number == 0 || std::string_view(end, static_cast<std::size_t>(bytes.data() + bytes.size() - end)) != "\n")
    return std::nullopt;
  return number;
}

}  // namespace jobpool::broker
