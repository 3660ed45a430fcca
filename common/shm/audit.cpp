// The audit's order of looking decides what may be concluded. Broker process.
//
// Words first, then sleepers, then wpos: a worker that finished what we saw claimed and then slept has published its FIN before we look
// at wpos, so with nothing undrained a claimed word plus a sleeper is no race but a broken worker.
// "Sleeps" is the kernel's word, not the counter's: one that was rung but has not run yet is still counted, but wakes nobody.
#include "common/shm/audit.hpp"

#include <array>
#include <cstdint>

#include "common/shm/doorbell.hpp"

namespace jobpool::shm {
namespace {

// Returns nullptr, or what is wrong.
const char* judge_word(std::uint64_t word, const Slot& slot, Census& census) {
  if (slot.use == Slot::Use::free) return word == slot.word ? nullptr : "word of a free slot was changed";
  if (slot.use == Slot::Use::revoked) {
    return word == pack(slot.desc.sequence, SlotState::revoked) ? nullptr : "word of a revoked offer was changed";
  }
  const bool claimed = word == pack(slot.desc.sequence, SlotState::claimed);
  if (!claimed && word != pack(slot.desc.sequence, SlotState::offered)) return "word in flight is neither offered nor claimed";
  if (!claimed && (slot.started || slot.streaming || slot.finished)) return "word of a reported job is not claimed";
  if (!claimed) ++census.offered;
  if (claimed && !slot.finished) ++census.running;
  return nullptr;
}

}  // namespace

Verdict audit_worker(Control& control, const SlotTable& slots, RingReader& reader) {
  Census census;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const std::uint64_t word = control.word[i].load(std::memory_order_seq_cst);
    if (const char* wrong = judge_word(word, slots[i], census)) return Verdict{.wrong = wrong};
  }
  const bool somebody_sleeps = control.sleeping.load(std::memory_order_seq_cst) != 0;
  if (const char* wrong = reader.look()) return Verdict{.wrong = wrong};
  if (reader.has_frame()) return Verdict{};
  if (census.running > 1) return Verdict{.wrong = "more than one job claimed by one thread"};
  if (!somebody_sleeps || reader.may_lack_room()) return Verdict{};
  return judge_sleeper(control, census, reader);
}

Verdict judge_sleeper(Control& control, const Census& census, RingReader& reader) {
  if (census.running == 0 && census.offered == 0) return Verdict{};
  const int woken = ring_bell(control, census.running > 0 ? kAllSleepers : kOneSleeper);
  if (woken == 0) return Verdict{};
  if (const char* wrong = reader.look()) return Verdict{.wrong = wrong};
  if (reader.has_frame()) return Verdict{};
  return census.running > 0 ? Verdict{.wrong = "worker sleeps over a claimed job"} : Verdict{.rescued = woken};
}

}  // namespace jobpool::shm
