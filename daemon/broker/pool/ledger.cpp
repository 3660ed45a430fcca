// Writing the ledger, step by step, so that a kill between any two stores is harmless.
#include "daemon/broker/pool/ledger.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "daemon/broker/pool/ledger_impl.hpp"

namespace jobpool::broker {
namespace {

using namespace ledger_layout;

// The next broker must see the fields of a step before its state, wherever this one is killed: program order is enough for that,
// the compiler must keep it.
void publish(Entry& entry, EntryState state) {
  std::atomic_signal_fence(std::memory_order_release);
  *static_cast<volatile EntryState*>(&entry.state) = state;
  std::atomic_signal_fence(std::memory_order_release);
}

// Returns where the next one goes.
std::byte* put_text(std::byte* at, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + sizeof length, text.data(), text.size());
  return at + sizeof length + text.size();
}

std::uint16_t flags_of(const Job& job) {
  return static_cast<std::uint16_t>((job.mode == Mode::apply_async ? kAsync : 0) | (job.flags.detach ? kDetach : 0) |
                                    (job.flags.has_descriptors ? kDescriptors : 0) | (job.kind == shm::JobKind::command ? kCommand : 0) |
                                    (job.flags.durable ? kDurable : 0));
}

// Still free. All of its fields are named: those that were not would be cleared by one instruction for all of it, which takes longer than
// everything else that begin() does.
Entry new_entry(const Job& job, const Block& texts) {
  return {.state = EntryState::free,
          .flags = flags_of(job),
          .pool = job.pool.value,
          .id = job.id.value,
          .uid = job.uid,
          .attempt = job.attempt,
          .spec_hash = job.spec_hash,
          .ended_attempt = 0,
          .priority = job.priority,
          .retries = job.retries,
          .grace_usec = job.grace.count(),
          .timeout_usec = job.timeout.count(),
          .backoff_usec = job.backoff.count(),
          .submitted_usec = job.submitted_usec,
          .started_usec = 0,
          .ended_usec = 0,
          .pid = 0,
          .exit_code = 0,
          .signal = 0,
          .outcome = 0,
          .worker_number = 0,
          .texts = texts,
          .report = {0, 0},
          .reason = {0, 0},
          .result = {0, 0}};
}

}  // namespace

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

JobId Ledger::next_id() const { return JobId{impl_->header().next_id}; }
void Ledger::set_next_id(JobId next) { impl_->header().next_id = next.value; }

std::uint64_t Ledger::worker_restarts() const { return impl_->header().worker_restarts; }
void Ledger::count_worker_restart() { ++impl_->header().worker_restarts; }

std::uint64_t Ledger::bytes_to_begin(const Job& job) {
  return 3 * sizeof(std::uint32_t) + job.key.size() + job.name.size() + job.description.size();
}

bool Ledger::begin(const Job& job) {
  if (Entry* known = impl_->find(job.id)) {
    if (known->attempt != job.attempt) impl_->begin_attempt(*known, job.attempt);
    return true;
  }
  const Block block = impl_->allocate(bytes_to_begin(job));
  Entry* entry = block.size > 0 ? impl_->make_entry(job.id) : nullptr;
  if (entry == nullptr) {
    if (block.size > 0) impl_->blocks.free(block.offset, block.size);
    return false;
  }
  std::byte* texts = impl_->heap(block);
  for (const SharedText* text : {&job.key, &job.name, &job.description}) texts = put_text(texts, *text);
  *entry = new_entry(job, block);
  publish(*entry, EntryState::begun);
  return true;
}

bool Ledger::has(JobId id) const { return impl_->index.contains(id); }

void Ledger::start(JobId id, std::int32_t pid, std::int64_t started_usec) {
  Entry* entry = impl_->find(id);
  if (entry == nullptr) return;
  impl_->foresee(id);
  entry->pid = pid;
  entry->started_usec = std::max<std::int64_t>(started_usec, 1);  // 0 is "not yet", and it is a worker that says so
}

void Ledger::end_attempt(JobId id, std::uint32_t number) {
  Entry* entry = impl_->find(id);
  if (entry == nullptr) return;
  *static_cast<volatile std::uint32_t*>(&entry->ended_attempt) = number;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // from here on nobody asks for what it left
  for (Block* block : {&entry->report, &entry->result}) impl_->free(*block);
}

void Ledger::note_stop(const Job& job) {
  Entry* entry = impl_->find(job.id);
  if (entry == nullptr) return;
  impl_->replace(entry->reason, impl_->store(std::as_bytes(std::span{std::string_view{job.reason}})));
  entry->grace_usec = job.grace.count();
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the flag last
  *static_cast<volatile std::uint16_t*>(&entry->flags) = static_cast<std::uint16_t>(entry->flags | kStopAsked);
}

void Ledger::note_detached(JobId id) {
  if (Entry* entry = impl_->find(id))
    *static_cast<volatile std::uint16_t*>(&entry->flags) = static_cast<std::uint16_t>(entry->flags | kDetach);
}

bool Ledger::add_result(JobId id, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece) {
  Entry* entry = impl_->find(id);
  if (entry == nullptr || total == 0 || offset > total || piece.size() > total - offset) return false;
  if (entry->result.size == 0) {
    if (offset > 0) return false;  // there was no room for the pieces before: room by now would make a result with a hole
    const Block block = impl_->allocate(total);
    if (block.size == 0) return false;
    Impl::write(entry->result, block);
  }
  if (entry->result.size != total) return false;
  std::memcpy(impl_->heap(entry->result) + offset, piece.data(), piece.size());
  return true;
}

bool Ledger::has_streamed_result(JobId id) const {
  const Entry* entry = impl_->find(id);
  return entry != nullptr && entry->result.size > 0;
}

bool Ledger::keep_report(JobId id, std::span<const std::byte> report) {
  Entry* entry = impl_->find(id);
  if (entry == nullptr || entry->state != EntryState::begun) return false;
  const Block block = impl_->store(report);
  if (block.size == 0) return false;
  impl_->replace(entry->report, block);
  return true;
}

bool Ledger::finish(const Job& job) {
  if (!begin(job)) return false;
  Entry& entry = *impl_->find(job.id);
  impl_->replace(entry.reason, impl_->store(std::as_bytes(std::span{std::string_view{job.reason}})));
  entry.attempt = job.attempt;
  entry.started_usec = job.started_usec;
  entry.ended_usec = job.ended_usec;
  entry.pid = job.pid;
  entry.exit_code = job.exit_code.value_or(-1);
  entry.signal = job.signal.value_or(0);
  entry.outcome = static_cast<std::uint16_t>(job.outcome);
  entry.worker_number = static_cast<std::uint16_t>(job.worker_number.value);
  publish(entry, EntryState::ended);
  return true;
}

std::string_view Ledger::result(JobId id) const {
  Entry* entry = impl_->find(id);
  if (entry == nullptr || entry->state != EntryState::ended) return {};
  impl_->foresee(id);
  impl_->foresee_report(id);
  // What came in pieces is whole when the job succeeded, also when there was no room for the report that followed it.
  if (entry->result.size > 0 && entry->outcome == static_cast<std::uint16_t>(Outcome::succeeded)) return impl_->text(entry->result);
  const ResultInReport inside = result_in_report(std::as_bytes(std::span{impl_->text(entry->report)}));
  // A chunk of a map that failed has a result too, as whole as its report says.
  if (inside.streamed && entry->outcome == static_cast<std::uint16_t>(Outcome::failed)) return impl_->text(entry->result);
  return inside.text;
}

std::uint64_t Ledger::bytes_of(JobId id) const {
  const Entry* entry = impl_->find(id);
  return entry == nullptr ? 0 : entry->report.size + entry->result.size;
}

void Ledger::erase(JobId id) {
  const std::uint32_t* const place = impl_->index.find(id);
  if (place == nullptr) return;
  impl_->foresee(id);
  Entry& entry = impl_->entry(*place);
  publish(entry, EntryState::free);
  for (Block* block : {&entry.texts, &entry.report, &entry.reason, &entry.result}) impl_->free(*block);
  impl_->free_entries.push_back(*place);
  impl_->index.erase(id);
}

std::vector<JobId> Ledger::may_give_way() const {
  std::vector<std::pair<std::int64_t, JobId>> ended;
  impl_->index.each([&](JobId id, std::uint32_t place) {
    const Entry& entry = impl_->entry(place);
    const bool may = entry.state == EntryState::ended && (entry.flags & kDurable) == 0;
    if (may) ended.emplace_back(entry.ended_usec, id);
  });
  std::ranges::sort(ended);
  std::vector<JobId> ids;
  ids.reserve(ended.size());
  for (const auto& [usec, id] : ended) ids.push_back(id);
  return ids;
}

std::uint64_t Ledger::bytes_to_let_go(JobId id) const {
  constexpr std::uint64_t kWorthIt = 256;
  const Entry* entry = impl_->find(id);
  if (entry == nullptr || entry->state != EntryState::ended || bytes_of(id) < kWorthIt) return 0;
  const auto block_of = [](const Block& block) { return block.size > 0 ? BlockAllocator::block_size(block.size) : 0; };
  return block_of(entry->result) + block_of(entry->report);
}

// First the flag: one killed after it leaves a result that nobody asks for any more. What the report says beside it is kept.
bool Ledger::let_go_result(JobId id) {
  if (bytes_to_let_go(id) == 0) return false;
  Entry* entry = impl_->find(id);
  auto report = decode_report(std::as_bytes(std::span{impl_->text(entry->report)}));
  if (entry->result.size == 0 && (!report || report->result.empty())) return false;
  *static_cast<volatile std::uint16_t*>(&entry->flags) = static_cast<std::uint16_t>(entry->flags | kResultGone);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  impl_->free(entry->result);
  if (!report) return true;
  report->result = {};
  report->streamed = false;
  std::vector<std::byte> rest;
  encode_report(*report, rest);
  impl_->free(entry->report);  // before the rest of it is stored: so that there is room for that
  Impl::write(entry->report, impl_->store(rest));
  return true;
}

// The reserve is not for results (Impl::allocate()); what makes it last is as much again, or the large thing itself.
bool Ledger::is_short_of_heap(std::uint64_t bytes, std::uint64_t freed) const {
  const std::uint64_t wanted = std::max(impl_->reserve(), BlockAllocator::block_size(bytes));
  return impl_->blocks.used() + wanted + impl_->reserve() > impl_->size.heap_bytes + freed;
}

bool Ledger::is_async(JobId id) const {
  const Entry* entry = impl_->find(id);
  return entry != nullptr && (entry->flags & kAsync) != 0;
}

bool Ledger::has_lost_result(JobId id) const {
  const Entry* entry = impl_->find(id);
  return entry != nullptr && (entry->flags & kResultGone) != 0;
}

bool Ledger::has_block(std::uint64_t bytes) const { return impl_->blocks.has(bytes); }

bool Ledger::is_short_of_entries() const { return impl_->index.size() + impl_->size.entries / 16 > impl_->size.entries; }

const LedgerSize& Ledger::capacity() const { return impl_->size; }

std::size_t Ledger::size() const { return impl_->index.size(); }
std::uint64_t Ledger::heap_used() const { return impl_->blocks.used(); }

bool Ledger::keeps_unused() const { return impl_->keeps_unused; }

void Ledger::give_back_unused(TimePoint now) {
  constexpr std::chrono::seconds kPatience{1};
  constexpr std::uint64_t kWorthACall = 1024 * 1024;                // of what was freed, with its neighbours
  constexpr std::uint64_t kAtOnce = std::uint64_t{64} << 20;        // of the heap: some milliseconds
  static_assert(kAtOnce % (1u << BlockAllocator::kMaxShift) == 0);  // each block is in one part
  Impl& impl = *impl_;
  if (!impl.keeps_unused) return;
  if (std::exchange(impl.was_freed, false)) {
    impl.quiet_since = now;
    impl.given_back = 0;
  }
  if (now - impl.quiet_since < kPatience) return;
  const std::uint64_t begin = std::exchange(impl.given_back, impl.given_back + kAtOnce);
  impl.keeps_unused = impl.given_back < impl.size.heap_bytes;
  if (impl.kind != Impl::Memory::mapped) return;
  // Punches holes in the memfd. On failure the pages are merely kept.
  impl.blocks.each_free(kWorthACall, [&](std::uint64_t offset, std::uint64_t size) {
    if (offset >= begin && offset < impl.given_back) ::madvise(impl.heap({offset, size}), size, MADV_REMOVE);
  });
}

}  // namespace jobpool::broker
