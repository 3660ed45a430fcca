// The end of a run of bytes that are of no interest, found 64 bytes a step in a long run: what all scanners of large texts are made of.
// Vectors as GCC and Clang have them on every processor. Pure, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace jobpool::proto {

using ByteVector = signed char __attribute__((vector_size(16)));

template <class Stops>
ByteVector stops_in(const char* at) {
  ByteVector bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return reinterpret_cast<ByteVector>(Stops{}(bytes));
}

// sizeof(ByteVector): none is set.
inline int first_set(ByteVector bytes) {
  std::uint64_t halves[2];
  std::memcpy(halves, &bytes, sizeof bytes);
  const auto first = [](std::uint64_t half) {
    return (std::endian::native == std::endian::little ? std::countr_zero(half) : std::countl_zero(half)) / 8;
  };
  return halves[0] != 0 ? first(halves[0]) : 8 + first(halves[1]);
}

inline bool is_any_set(ByteVector bytes) {
  std::uint64_t halves[2];
  std::memcpy(halves, &bytes, sizeof bytes);
  return (halves[0] | halves[1]) != 0;
}

// The first byte that `Stops` is true of, or `end`. Stops takes a signed char, or a vector of them, of which it answers the same of each.
template <class Stops>
const char* run_end(const char* at, const char* end) {
  constexpr std::ptrdiff_t kStep = sizeof(ByteVector), kLongStep = 4 * kStep;
  const char* const soon = end - at > kLongStep ? at + kLongStep : end;  // most runs are short
  for (; soon - at >= kStep; at += kStep)
    if (const ByteVector stops = stops_in<Stops>(at); is_any_set(stops)) return at + first_set(stops);
  for (; end - at >= kLongStep; at += kLongStep) {
    const ByteVector first = stops_in<Stops>(at) | stops_in<Stops>(at + kStep);
    const ByteVector second = stops_in<Stops>(at + 2 * kStep) | stops_in<Stops>(at + 3 * kStep);
    if (is_any_set(first | second)) break;
  }
  for (; end - at >= kStep; at += kStep)
    if (const ByteVector stops = stops_in<Stops>(at); is_any_set(stops)) return at + first_set(stops);
  while (at < end && !Stops{}(static_cast<signed char>(*at))) ++at;
  return at;
}

// What does not stand for itself in a JSON string, and what may be no UTF-8. Signed, so that bytes with a high bit are below a space.
struct NotOrdinary {
  template <class Byte>
  auto operator()(Byte byte) const {
    return (byte < 0x20) | (byte == '"') | (byte == '\\');
  }
};

}  // namespace jobpool::proto
