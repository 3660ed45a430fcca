// What the broker knows of the slots without asking shared memory: which sequence is in flight where, and how far its report went.
// Every frame is judged against this. Broker process, private memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/shm/layout.hpp"

namespace jobpool::shm {

struct Slot {
  enum class Use : std::uint8_t { free, in_flight, revoked };

  Use use = Use::free;
  bool inherited = false;  // DATA may go on where the dead broker stopped
  bool started = false;
  bool finished = false;             // FIN was drained
  bool streaming = false;            // DATA was drained
  Descriptor desc{};                 // as written; shared memory is never read back
  std::uint64_t word = 0;            // free: what the word must still be
  std::uint64_t finished_at = 0;     // ring position behind the FIN
  std::uint64_t result_length = 0;   // announced by DATA
  std::uint64_t result_drained = 0;  // the next DATA's offset

  bool has_reported() const { return started || streaming || finished; }
};

class SlotTable {
 public:
  static constexpr std::size_t kNone = kSlots;

  // A free slot for the offer that will have that sequence: its own place where that is free, so that find() need not search. kNone: all
  // are used.
  std::size_t find_free(std::uint64_t sequence) const;
  // kNone: no slot in flight (or revoked) has it.
  std::size_t find(std::uint64_t sequence) const;
  Slot& operator[](std::size_t index) { return slots_[index]; }
  const Slot& operator[](std::size_t index) const { return slots_[index]; }
  std::size_t used() const;

  // Judges a frame copied out of the ring and, if it may be, remembers it. `word` is the slot's word as it stands.
  // Returns nullptr, or what is wrong. Requires: index = find(header.sequence), not kNone.
  const char* accept(std::size_t index, std::uint64_t word, const FrameHeader& header, std::span<const std::byte> body);

 private:
  std::array<Slot, kSlots> slots_{};
};

}  // namespace jobpool::shm
