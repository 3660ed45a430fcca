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

  using Words = std::array<std::uint64_t, kSlots>;

  Words read_words() const {
    Words words;
    // seq_cst, since this is also the "look again" before the worker sleeps.
    for (std::size_t i = 0; i < kSlots; ++i) words[i] = mapping.control->word[i].load(std::memory_order_seq_cst);
    return words;
  }

  struct alignas(kCacheLine) Seen {
    Words words{};  // as that thread's last try_claim() left them
  };

  WorkerMapping mapping;
  std::uint32_t threads;
  RingWriter writer;
  std::array<Seen, kMaxThreads> seen{};
};

namespace {

// kSlots: nothing is offered.
std::size_t oldest_offer(const std::array<std::uint64_t, kSlots>& words) {
  std::size_t oldest = kSlots;
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (state_of(words[i]) != SlotState::offered) continue;
    if (oldest == kSlots || words[i] < words[oldest]) oldest = i;
  }
  return oldest;
}

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
  auto& seen = impl_->seen[thread].words;
  for (;;) {
    seen = impl_->read_words();
    const std::size_t index = oldest_offer(seen);
    if (index == kSlots) return std::nullopt;
    std::uint64_t word = seen[index];
    const std::uint64_t sequence = sequence_of(word);
    const std::uint64_t claimed = pack(sequence, SlotState::claimed);
    // Failure: the broker revoked it first, or another thread has it. Nothing of the slot was read yet, so nothing has to be undone.
    if (!impl_->mapping.control->word[index].compare_exchange_strong(word, claimed, std::memory_order_seq_cst)) continue;
    seen[index] = claimed;

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
  sleep_on_bell(*impl_->mapping.control, kForWork, [&] {
    const auto words = impl_->read_words();
    // A word that changed may be a revoke whose descriptors are to be closed. With several threads there are none of these, and words
    // change all the time.
    const bool was_revoked = impl_->threads == 1 && words != impl_->seen[thread].words;
    return was_revoked || oldest_offer(words) != kSlots || has_news();
  });
}

void ClaimSide::wake_threads() { ring_if_asleep(*impl_->mapping.control, kAllSleepers, kForWork); }

bool ClaimSide::is_live(Sequence sequence) const {
  const auto words = impl_->read_words();
  return std::any_of(words.begin(), words.end(), [&](std::uint64_t word) {
    return word == pack(sequence.value, SlotState::offered) || word == pack(sequence.value, SlotState::claimed);
  });
}

bool ClaimSide::is_stale(Sequence sequence) const {
  // A word keeps its last sequence when it becomes EMPTY, and sequences ascend over all words. In this order: once a word has reached
  // the sequence it has been offered, and only then does "not live" mean that it is over.
  const auto words = impl_->read_words();
  const bool was_offered = std::any_of(words.begin(), words.end(), [&](std::uint64_t word) { return sequence_of(word) >= sequence.value; });
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
