// The audit's order of looking decides what may be concluded. Broker process.
//
// Words first, then sleepers, then wpos: a worker that finished what we saw claimed and then slept has published its FIN before we look
// at wpos, so with nothing undrained a claimed word plus a sleeper is no race but a broken worker.
// "Sleeps" is the kernel's word, not the counter's: one that was rung but has not run yet is still counted, but wakes nobody.
//
// Of k threads each is in one of three states: asleep, with a claimed job, or awake and about to look. So with nothing undrained
//   asleep + claimed ≤ k              else one sleeps over its job
//   asleep + claimed + offered ≤ k    while one sleeps, else there are fewer to take the offers than offers: a lost wake-up
// An offer that is claimed between the looks moves from the third sum's one term to the other; whoever goes to sleep has found none.
#include "common/shm/audit.hpp"

#include <algorithm>
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
  if (!claimed && slot.has_reported()) return "word of a reported job is not claimed";
  if (!claimed) ++census.offered;
  if (claimed && !slot.finished) ++census.running;
  return nullptr;
}

}  // namespace

Verdict audit_worker(Control& control, const SlotTable& slots, std::uint32_t threads, RingReader& reader) {
  Census census;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const std::uint64_t word = control.word[i].load(std::memory_order_seq_cst);
    if (const char* wrong = judge_word(word, slots[i], census)) return Verdict{.wrong = wrong};
  }
  const std::uint32_t announced = control.sleeping.load(std::memory_order_seq_cst);
  if (const char* wrong = reader.look()) return Verdict{.wrong = wrong};
  if (reader.has_frame()) return Verdict{};
  const auto running = static_cast<std::uint32_t>(census.running), offered = static_cast<std::uint32_t>(census.offered);
  if (running > threads) return Verdict{.wrong = "more jobs claimed than it has threads"};
  // (A mad worker's count may be anything: no sum that could overflow.)
  const bool is_suspicious = announced > 0 && running + offered > 0 && (announced > threads || announced + running + offered > threads);
  if (!is_suspicious || reader.may_lack_room()) return Verdict{};
  return judge_sleepers(control, census, threads, reader);
}

Verdict judge_sleepers(Control& control, const Census& census, std::uint32_t threads, RingReader& reader) {
  // All of them: only so it is known how many there are.
  const int asleep = ring_bell(control, kAllSleepers, kForAnything);
  if (asleep == 0) return Verdict{};
  if (const char* wrong = reader.look()) return Verdict{.wrong = wrong};
  if (reader.has_frame()) return Verdict{};
  const int awake_at_most = static_cast<int>(threads) - asleep;
  if (census.running > 0 && census.running > awake_at_most) return Verdict{.wrong = "worker sleeps over a claimed job"};
  return Verdict{.rescued = std::clamp(census.running + census.offered - awake_at_most, 0, asleep)};
}

}  // namespace jobpool::shm
