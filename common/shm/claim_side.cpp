// The worker's end: takes offers, validates what it took, reports. Worker process, any of its threads.
// What contradicts the layout's rules here is a bug or corrupted memory: the worker aborts and is replaced.
#include "common/shm/claim_side.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "common/shm/doorbell.hpp"
#include "common/shm/mapping.hpp"
#include "common/shm/ring_writer.hpp"

namespace jobpool::shm {

struct ClaimSide::Impl {
  Impl(WorkerMapping mapped, UniqueFd eventfd)
      : mapping(std::move(mapped)),
        threads(std::max(mapping.to_worker->threads, 1U)),
        writer(mapping, std::move(eventfd), threads > 1 ? RingWriter::Writers::several : RingWriter::Writers::one) {}

  struct alignas(kCacheLine) Seen {
    std::array<std::uint64_t, kSlots> words{};  // as that thread's last look at all of them left them
    std::uint64_t next = 1;                     // behind its last claim
  };

  // seq_cst, since this is also the "look again" before the worker sleeps.
  std::uint64_t word(std::size_t index) const { return mapping.control->word[index].load(std::memory_order_seq_cst); }

  // The slot of the oldest offer; kSlots: nothing is offered. Sequences ascend, so nothing older comes behind a claim: where the next one
  // is in its place, the other slots need not be looked at.
  std::size_t find_offer(Seen& of_thread) const {
    const std::size_t place = place_of(of_thread.next);
    const std::uint64_t offered = pack(of_thread.next, SlotState::offered);
    if (word(place) != offered) return look_at_all(of_thread.words);
    of_thread.words[place] = offered;
    return place;
  }

  std::size_t look_at_all(std::array<std::uint64_t, kSlots>& words) const {
    const Control& control = *mapping.control;
    std::size_t oldest = kSlots;
    for (std::size_t i = 0; i < kSlots; ++i) {
      const std::uint64_t now = words[i] = control.word[i].load(std::memory_order_seq_cst);
      if (state_of(now) == SlotState::offered && (oldest == kSlots || now < words[oldest])) oldest = i;
    }
    return oldest;
  }

  // Something is offered; or a word changed, which may be a revoke whose descriptors are to be closed. With several threads there are none
  // of these, and words change all the time.
  bool has_news(const Seen& of_thread) const {
    const Control& control = *mapping.control;
    const bool is_alone = threads == 1;
    for (std::size_t i = 0; i < kSlots; ++i) {
      const std::uint64_t now = control.word[i].load(std::memory_order_seq_cst);
      if (state_of(now) == SlotState::offered || (is_alone && now != of_thread.words[i])) return true;
    }
    return false;
  }

  WorkerMapping mapping;
  std::uint32_t threads;
  RingWriter writer;
  std::array<Seen, kMaxThreads> seen{};
};

namespace {

FrameHeader header_of(const Claim& claim, FrameType type) {
  return FrameHeader{.length = 0, .type = type, .reserved = 0, .sequence = claim.sequence.value, .job_id = claim.job.value};
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Result<ClaimSide> ClaimSide::map(const SegmentFds& fds) {
  auto mapping = WorkerMapping::map(fds);
  if (!mapping) return mapping.error();
  UniqueFd eventfd(::fcntl(fds.eventfd.get(), F_DUPFD_CLOEXEC, 0));
  if (!eventfd) return errno_error("duplicate the broker's eventfd");
  return over(*std::move(mapping), std::move(eventfd));
}

Result<ClaimSide> ClaimSide::over(WorkerMapping mapping, UniqueFd eventfd) {
  const std::uint32_t version = mapping.to_worker->layout_version;
  if (version != kLayoutVersion) {
    return Error{Errc::unsupported, "segment layout " + std::to_string(version) + ", this worker knows " + std::to_string(kLayoutVersion) +
                                        "; install broker and worker of one version"};
  }
  if (const std::uint32_t threads = mapping.to_worker->threads; threads > kMaxThreads)
    return Error{Errc::unsupported,
                 "segment for " + std::to_string(threads) + " threads, a worker has at most " + std::to_string(kMaxThreads)};
  return ClaimSide(std::make_unique<Impl>(std::move(mapping), std::move(eventfd)));
}

ClaimSide::ClaimSide(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClaimSide::ClaimSide(ClaimSide&&) noexcept = default;
ClaimSide& ClaimSide::operator=(ClaimSide&&) noexcept = default;
ClaimSide::~ClaimSide() = default;

std::uint32_t ClaimSide::threads() const { return impl_->threads; }

std::optional<Claim> ClaimSide::try_claim(std::uint32_t thread) {
  Impl::Seen& seen = impl_->seen[thread];
  for (;;) {
    const std::size_t index = impl_->find_offer(seen);
    if (index == kSlots) return std::nullopt;
    std::uint64_t word = seen.words[index];
    const std::uint64_t sequence = sequence_of(word);
    const std::uint64_t claimed = pack(sequence, SlotState::claimed);
    // Failure: the broker revoked it first, or another thread has it. Nothing of the slot was read yet, so nothing has to be undone.
    if (!impl_->mapping.control->word[index].compare_exchange_strong(word, claimed, std::memory_order_seq_cst)) continue;
    seen.words[index] = claimed;
    seen.next = sequence + 1;

    const Descriptor& desc = impl_->mapping.to_worker->desc[index];
    if (desc.sequence != sequence) std::abort();
    if (desc.payload_length > kPayloadBytes || desc.payload_offset > kPayloadBytes - desc.payload_length) std::abort();
    const auto* payload = reinterpret_cast<const char*>(impl_->mapping.payload->bytes + desc.payload_offset);
    return Claim{.sequence = Sequence{sequence},
                 .job = JobId{desc.job_id},
                 .kind = desc.kind,
                 .flags = desc.flags,
                 .attempt = desc.attempt,
                 .slot = static_cast<std::uint32_t>(index),
                 .payload = std::string_view(payload, desc.payload_length)};
  }
}

void ClaimSide::wait(std::uint32_t thread) {
  wait([] { return false; }, thread);
}

void ClaimSide::wait(function_ref<bool()> has_news, std::uint32_t thread) {
  sleep_on_bell(*impl_->mapping.control, kForWork, [&] { return impl_->has_news(impl_->seen[thread]) || has_news(); });
}

void ClaimSide::wake_threads() { ring_if_asleep(*impl_->mapping.control, kAllSleepers, kForWork); }

bool ClaimSide::is_live(Sequence sequence) const {
  for (std::size_t i = 0; i < kSlots; ++i) {
    const std::uint64_t word = impl_->word(i);
    if (word == pack(sequence.value, SlotState::offered) || word == pack(sequence.value, SlotState::claimed)) return true;
  }
  return false;
}

bool ClaimSide::is_stale(Sequence sequence) const {
  // A word keeps its last sequence when it becomes EMPTY, and sequences ascend over all words. In this order: once a word has reached
  // the sequence it has been offered, and only then does "not live" mean that it is over.
  bool was_offered = false;
  for (std::size_t i = 0; i < kSlots && !was_offered; ++i) was_offered = sequence_of(impl_->word(i)) >= sequence.value;
  return was_offered && !is_live(sequence);
}

void ClaimSide::report_start(const Claim& claim, const StartBody& body) {
  impl_->writer.write(header_of(claim, FrameType::start), std::as_bytes(std::span(&body, 1)), {}, RingWriter::Doorbell::silent);
}

void ClaimSide::report_data(const Claim& claim, std::string_view whole_result) {
  if (whole_result.size() > kMaxResultBytes) std::abort();
  constexpr std::size_t kMaxPart = kMaxFrameBody - sizeof(DataHeader);
  for (std::size_t offset = 0; offset < whole_result.size(); offset += kMaxPart) {
    const DataHeader data{.total_length = whole_result.size(), .offset = offset};
    impl_->writer.write(header_of(claim, FrameType::data), std::as_bytes(std::span(&data, 1)),
                        bytes_of(whole_result.substr(offset, kMaxPart)), RingWriter::Doorbell::ring);
  }
}

void ClaimSide::report_fin(const Claim& claim, std::span<const std::byte> report) {
  if (report.empty()) std::abort();
  impl_->writer.write(header_of(claim, FrameType::fin), report, {}, RingWriter::Doorbell::ring);
}

void ClaimSide::announce_leaving() { impl_->mapping.from_worker->leaving.store(1, std::memory_order_seq_cst); }

std::atomic<std::uint32_t>& ClaimSide::item(const Claim& claim) { return impl_->mapping.from_worker->items[claim.slot]; }

}  // namespace jobpool::shm
