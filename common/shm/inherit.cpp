// Reads desc and words of an inherited segment. Broker process.
//
// What a dead broker may have left behind in a slot, and what it means now:
//   EMPTY, desc older or newer than the word   killed before OFFERED, or never used since: the slot is free, desc's sequence is spent
//   OFFERED                                     in flight; its bell may not have been rung: the caller rings
//   CLAIMED                                     in flight, or ended and acknowledged but not yet EMPTY: only the store can tell
//   REVOKED                                     never started: the caller requeues it, or finds that it was cancelled
#include "common/shm/inherit.hpp"

#include <algorithm>
#include <string>

namespace jobpool::shm {
namespace {

Error contradiction(std::size_t index, const char* what) {
  return Error{Errc::protocol, "slot " + std::to_string(index) + " of an inherited segment: " + what + "; kill its worker"};
}

// Returns nullptr, or what is wrong.
const char* inherit_slot(std::uint64_t word, const Descriptor& desc, Slot& slot, PayloadAllocator& payloads) {
  // The descriptor is written before its word, so a word is never ahead of it. Half of all there are is more than a worker lives to see,
  // and what is beyond that would leave none for the offers to come.
  if (desc.sequence > kMaxSequence / 2) return "descriptor's sequence is not one";
  if (sequence_of(word) > desc.sequence) return "word is ahead of its descriptor";
  switch (state_of(word)) {
    case SlotState::empty:
      slot.word = word;
      return nullptr;
    case SlotState::offered:
    case SlotState::claimed:
      slot.use = Slot::Use::in_flight;
      break;
    case SlotState::revoked:
      slot.use = Slot::Use::revoked;
      break;
    default:
      return "word has no state";
  }
  if (desc.sequence == 0) return "word in flight of a slot that never held an offer";
  if (sequence_of(word) != desc.sequence) return "word in flight is not its descriptor's";
  if (!payloads.reserve(desc.payload_offset, desc.payload_length)) return "payload range is impossible";
  slot.desc = desc;
  slot.inherited = true;
  return nullptr;
}

}  // namespace

Result<Inheritance> inherit(const Control& control, const ToWorker& to_worker) {
  if (to_worker.layout_version != kLayoutVersion) {
    return Error{Errc::unsupported, "inherited segment has layout " + std::to_string(to_worker.layout_version) + ", this broker knows " +
                                        std::to_string(kLayoutVersion) + "; drain the workers before such an upgrade"};
  }
  if (to_worker.threads > kMaxThreads)
    return Error{Errc::unsupported, "inherited segment of a worker with " + std::to_string(to_worker.threads) + " threads; kill it"};
  Inheritance inherited;
  inherited.threads = std::max(to_worker.threads, 1U);
  for (std::size_t i = 0; i < kSlots; ++i) {
    const std::uint64_t word = control.word[i].load(std::memory_order_seq_cst);
    const Descriptor& desc = to_worker.desc[i];
    const char* wrong = inherit_slot(word, desc, inherited.slots[i], inherited.payloads);
    if (wrong != nullptr) return contradiction(i, wrong);
    inherited.next_sequence = std::max(inherited.next_sequence, desc.sequence + 1);
  }
  return inherited;
}

}  // namespace jobpool::shm
