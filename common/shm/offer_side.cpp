// The broker's end: offers, revokes, drains, and rings. Broker process, its one thread.
// Hot path: no allocation, and no system call but the futex wake of a worker that sleeps.
#include "common/shm/offer_side.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "common/shm/audit.hpp"
#include "common/shm/doorbell.hpp"
#include "common/shm/inherit.hpp"
#include "common/shm/mapping.hpp"
#include "common/shm/payload_allocator.hpp"
#include "common/shm/ring_reader.hpp"
#include "common/shm/slot_table.hpp"

namespace jobpool::shm {
namespace {

// From this size on a freed payload's pages go back to the system when no other of its size comes: to take them away and have them made
// anew for each costs more than all that is done with what is in them. Smaller ones stay (at most kSlots times this per worker).
constexpr std::uint64_t kGiveBackBytes = 128 * 1024;

Error lie(const char* what) { return Error{Errc::protocol, std::string("worker's segment: ") + what + "; kill the worker"}; }

Error lie(const char* what, const FrameHeader& header) {
  return Error{Errc::protocol, "worker's ring, sequence " + std::to_string(header.sequence) + ", job " + std::to_string(header.job_id) +
                                   ": " + what + "; kill the worker"};
}

void give_back(PayloadArea& area, std::uint64_t offset, std::uint64_t length) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = (offset + page - 1) / page * page;
  const std::uint64_t end = (offset + length) / page * page;
  // Punches a hole in the memfd, for every process that maps it. On failure the pages are merely kept.
  if (first < end) ::madvise(area.bytes + first, end - first, MADV_REMOVE);
}

}  // namespace

struct OfferSide::Impl {
  Impl(BrokerMapping mapped, Inheritance inherited)
      : mapping(std::move(mapped)),
        slots(inherited.slots),
        payloads(inherited.payloads),
        reader(*mapping.from_worker, mapping.to_worker->rpos.load(std::memory_order_relaxed)),
        next_sequence(inherited.next_sequence),
        threads(inherited.threads) {}

  std::atomic<std::uint64_t>& word(std::size_t index) { return mapping.control->word[index]; }

  // Requires: `sequence` is in flight.
  std::size_t index_of(Sequence sequence) const {
    const std::size_t index = slots.find(sequence.value);
    if (index == SlotTable::kNone) std::abort();
    return index;
  }

  std::string_view payload(const Descriptor& desc) const {
    return {reinterpret_cast<const char*>(mapping.payload->bytes + desc.payload_offset), desc.payload_length};
  }

  BrokerMapping mapping;
  SlotTable slots;
  PayloadAllocator payloads;
  RingReader reader;
  std::uint64_t next_sequence;
  const std::uint32_t threads;
  int unrung = 0;              // offers and revokes since the last bell
  std::uint64_t kept_end = 0;  // before it there may be pages of large payloads that were freed
  int quiet_calls = 0;         // of give_back_unused(), since a large payload was offered
};

Result<OfferSide> OfferSide::map(const SegmentFds& fds, Origin origin) {
  auto mapping = BrokerMapping::map(fds);
  if (!mapping) return mapping.error();
  return over(*std::move(mapping), origin);
}

Result<OfferSide> OfferSide::over(BrokerMapping mapping, Origin origin) {
  if (origin == Origin::fresh) mapping.to_worker->layout_version = kLayoutVersion;
  auto inherited = inherit(*mapping.control, *mapping.to_worker);
  if (!inherited) return inherited.error();
  OfferSide side(std::make_unique<Impl>(std::move(mapping), *std::move(inherited)));
  if (const char* wrong = side.impl_->reader.look()) return lie(wrong);
  // The predecessor may have died between an offer, a revoke or an acknowledgement and its bell.
  ring_if_asleep(*side.impl_->mapping.control, kAllSleepers, kForAnything);
  return side;
}

OfferSide::OfferSide(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OfferSide::OfferSide(OfferSide&&) noexcept = default;
OfferSide& OfferSide::operator=(OfferSide&&) noexcept = default;
OfferSide::~OfferSide() = default;

std::optional<Sequence> OfferSide::offer(const Offer& offer) {
  const std::size_t index = impl_->slots.find_free(impl_->next_sequence);
  if (index == SlotTable::kNone) return std::nullopt;
  const auto offset = impl_->payloads.allocate(offer.payload.size());
  if (!offset) return std::nullopt;
  if (impl_->next_sequence >= kMaxSequence) std::abort();
  if (!offer.payload.empty()) std::memcpy(impl_->mapping.payload->bytes + *offset, offer.payload.data(), offer.payload.size());

  if (offer.payload.size() >= kGiveBackBytes) impl_->quiet_calls = 0;

  Slot slot;
  slot.use = Slot::Use::in_flight;
  slot.desc = Descriptor{.job_id = offer.job.value,
                         .sequence = impl_->next_sequence++,
                         .kind = offer.kind,
                         .flags = offer.flags,
                         .attempt = offer.attempt,
                         .reserved = 0,
                         .payload_offset = *offset,
                         .payload_length = offer.payload.size()};
  impl_->slots[index] = slot;
  impl_->mapping.to_worker->desc[index] = slot.desc;
  impl_->word(index).exchange(pack(slot.desc.sequence, SlotState::offered), std::memory_order_seq_cst);
  ++impl_->unrung;
  return Sequence{slot.desc.sequence};
}

Sequence OfferSide::next_sequence() const { return Sequence{impl_->next_sequence}; }

bool OfferSide::has_reported() const { return impl_->mapping.to_worker->rpos.load(std::memory_order_relaxed) > 0; }

std::uint32_t OfferSide::threads() const { return impl_->threads; }

void OfferSide::ring() { ring_if_asleep(*impl_->mapping.control, std::max(std::exchange(impl_->unrung, 0), 1), kForWork); }

void OfferSide::ring_all() { ring_if_asleep(*impl_->mapping.control, kAllSleepers, kForWork); }

bool OfferSide::revoke(Sequence sequence) {
  const std::size_t index = impl_->index_of(sequence);
  Slot& slot = impl_->slots[index];
  if (slot.use == Slot::Use::revoked) return true;
  if (slot.has_reported()) return false;  // whatever the worker has written there since
  std::uint64_t expected = pack(sequence.value, SlotState::offered);
  const bool revoked =
      impl_->word(index).compare_exchange_strong(expected, pack(sequence.value, SlotState::revoked), std::memory_order_seq_cst);
  if (revoked) {
    slot.use = Slot::Use::revoked;
    ++impl_->unrung;
  }
  return revoked;
}

void OfferSide::release(Sequence sequence) {
  const std::size_t index = impl_->index_of(sequence);
  Slot& slot = impl_->slots[index];
  if (slot.finished && slot.finished_at > impl_->reader.recorded()) std::abort();
  const Descriptor desc = slot.desc;
  slot = Slot{};
  slot.word = pack(sequence.value, SlotState::empty);
  impl_->word(index).store(slot.word, std::memory_order_release);
  impl_->payloads.free(desc.payload_offset, desc.payload_length);
  if (desc.payload_length >= kGiveBackBytes) impl_->kept_end = std::max(impl_->kept_end, desc.payload_offset + desc.payload_length);
}

bool OfferSide::keeps_unused() const { return impl_->kept_end > 0; }

void OfferSide::give_back_unused() {
  constexpr int kPatience = 10;  // calls: a second
  if (impl_->kept_end == 0 || ++impl_->quiet_calls < kPatience) return;
  impl_->payloads.each_gap(std::exchange(impl_->kept_end, 0),
                           [this](std::uint64_t offset, std::uint64_t length) { give_back(*impl_->mapping.payload, offset, length); });
}

Result<void> OfferSide::drain(function_ref<void(const Frame&)> sink) {
  RingReader& reader = impl_->reader;
  if (const char* wrong = reader.look()) return lie(wrong);
  while (reader.has_frame()) {
    FrameHeader header;
    std::span<const std::byte> body;
    if (const char* wrong = reader.next(header, body)) return lie(wrong);
    const std::size_t index = impl_->slots.find(header.sequence);
    if (index == SlotTable::kNone) return lie("frame for a sequence that is not in flight", header);
    const std::uint64_t word = impl_->word(index).load(std::memory_order_seq_cst);
    if (const char* wrong = impl_->slots.accept(index, word, header, body)) return lie(wrong, header);
    if (header.type == FrameType::fin) impl_->slots[index].finished_at = reader.position();
    sink(Frame{.type = header.type, .sequence = Sequence{header.sequence}, .job = JobId{header.job_id}, .body = body});
  }
  return {};
}

void OfferSide::acknowledge() {
  RingReader& reader = impl_->reader;
  if (reader.recorded() == reader.position()) return;
  impl_->mapping.to_worker->rpos.exchange(reader.position(), std::memory_order_seq_cst);
  // An idle worker sleeps too, and must not be woken for nothing: only one that wrote the ring nearly full can be waiting for room.
  // wpos is read after rpos was moved, so whoever went to sleep on the old rpos has published what filled the ring.
  const std::uint64_t wpos = impl_->mapping.from_worker->wpos.load(std::memory_order_seq_cst);
  const bool may_wait_for_room = wpos - reader.recorded() + kMaxFrameRoom > kRingBytes;
  reader.set_recorded();
  if (may_wait_for_room) ring_if_asleep(*impl_->mapping.control, kAllSleepers, kForRoom);
}

bool OfferSide::prepare_to_sleep() {
  auto& sleeping = impl_->mapping.to_worker->broker_sleeping;
  sleeping.exchange(1, std::memory_order_seq_cst);
  const std::uint64_t wpos = impl_->mapping.from_worker->wpos.load(std::memory_order_seq_cst);
  if (wpos == impl_->reader.position()) return true;
  sleeping.store(0, std::memory_order_release);
  return false;
}

void OfferSide::wake_up() { impl_->mapping.to_worker->broker_sleeping.store(0, std::memory_order_release); }

Result<int> OfferSide::audit() {
  const Verdict verdict = audit_worker(*impl_->mapping.control, impl_->slots, impl_->threads, impl_->reader);
  if (verdict.wrong != nullptr) return lie(verdict.wrong);
  return verdict.rescued;
}

std::vector<InFlight> OfferSide::in_flight() const {
  std::vector<InFlight> found;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const Slot& slot = impl_->slots[i];
    if (slot.use == Slot::Use::free) continue;
    const Sequence sequence{slot.desc.sequence};
    found.push_back(InFlight{.sequence = sequence,
                             .job = JobId{slot.desc.job_id},
                             .kind = slot.desc.kind,
                             .flags = slot.desc.flags,
                             .attempt = slot.desc.attempt,
                             .state = state(sequence),
                             .payload = impl_->payload(slot.desc)});
  }
  return found;
}

std::size_t OfferSide::in_flight_count() const { return impl_->slots.used(); }

std::size_t OfferSide::free_slots() const { return kSlots - impl_->slots.used(); }

std::uint64_t OfferSide::item(Sequence sequence) const {
  return impl_->mapping.from_worker->items[impl_->index_of(sequence)].load(std::memory_order_relaxed);
}

bool OfferSide::is_leaving() const { return impl_->mapping.from_worker->leaving.load(std::memory_order_relaxed) != 0; }

SlotState OfferSide::state(Sequence sequence) const {
  const std::size_t index = impl_->index_of(sequence);
  if (impl_->slots[index].use == Slot::Use::revoked) return SlotState::revoked;
  if (impl_->slots[index].has_reported()) return SlotState::claimed;
  const bool offered = impl_->word(index).load(std::memory_order_seq_cst) == pack(sequence.value, SlotState::offered);
  // Whatever else a worker wrote there, it may have started.
  return offered ? SlotState::offered : SlotState::claimed;
}

}  // namespace jobpool::shm
