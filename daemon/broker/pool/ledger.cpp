// The ledger's entries and heap in the mapped memfd, and the private books beside them.
#include "daemon/broker/pool/ledger.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "daemon/broker/pool/block_allocator.hpp"
#include "daemon/broker/pool/ledger_layout.hpp"

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

void put_text(std::string& out, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.append(text);
}

std::string take_text(std::string_view& in) {
  std::uint32_t length = 0;
  if (in.size() < sizeof length) return {};
  std::memcpy(&length, in.data(), sizeof length);
  in.remove_prefix(sizeof length);
  const std::string text{in.substr(0, length)};
  in.remove_prefix(std::min<std::size_t>(length, in.size()));
  return text;
}

std::uint32_t flags_of(const Job& job) {
  return (job.mode == Mode::apply_async ? kAsync : 0) | (job.flags.detach ? kDetach : 0) | (job.flags.has_descriptors ? kDescriptors : 0) |
         (job.kind == shm::JobKind::command ? kCommand : 0) | (job.flags.durable ? kDurable : 0);
}

}  // namespace

struct Ledger::Impl {
  std::byte* base = nullptr;
  BlockAllocator blocks{kLedgerHeapBytes};
  std::unordered_map<JobId, std::uint32_t> index;  // of live entries
  std::vector<std::uint32_t> free_entries;
  std::uint32_t untouched = 0;  // entries from here on were never used

  ~Impl() {
    if (base != nullptr) ::munmap(base, kFileBytes);
  }

  Header& header() { return *reinterpret_cast<Header*>(base); }
  Entry& entry(std::uint32_t i) { return reinterpret_cast<Entry*>(base + kEntriesOffset)[i]; }
  std::byte* heap(const Block& block) { return base + kHeapOffset + block.offset; }
  // Of an empty block the offset was never checked.
  std::string_view text(const Block& block) {
    return block.size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(heap(block)), block.size);
  }

  Entry* find(JobId id) {
    const auto found = index.find(id);
    return found == index.end() ? nullptr : &entry(found->second);
  }

  Block allocate(std::uint64_t size) {
    const auto offset = blocks.allocate(size);
    return offset ? Block{*offset, size} : Block{0, 0};
  }
  Block store(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {0, 0};
    const Block block = allocate(bytes.size());
    if (block.size > 0) std::memcpy(heap(block), bytes.data(), bytes.size());
    return block;
  }
  void free(Block& block) {
    if (block.size > 0) blocks.free(block.offset, block.size);
    write(block, {0, 0});
  }
  // Into a live entry. Two stores: one killed between them must leave a block of size 0, not one at the wrong offset.
  static void write(Block& to, const Block& block) {
    *static_cast<volatile std::uint64_t*>(&to.size) = 0;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    *static_cast<volatile std::uint64_t*>(&to.offset) = block.offset;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    *static_cast<volatile std::uint64_t*>(&to.size) = block.size;
  }
  // As write(), for one that an earlier broker may have written before it was killed.
  void replace(Block& to, const Block& block) {
    free(to);
    write(to, block);
  }

  Entry* make_entry(JobId id) {
    std::uint32_t place = untouched;
    if (!free_entries.empty()) {
      place = free_entries.back();
      free_entries.pop_back();
    } else if (untouched < kLedgerEntries) {
      ++untouched;
    } else {
      return nullptr;
    }
    index.emplace(id, place);
    return &entry(place);
  }

  // Nothing of the attempts before it is left. Until its number is written the earlier one counts as ended.
  void begin_attempt(Entry& entry, std::uint32_t number) {
    entry.started_usec = 0;
    for (Block* block : {&entry.report, &entry.result, &entry.reason}) free(*block);
    std::atomic_signal_fence(std::memory_order_release);
    *static_cast<volatile std::uint32_t*>(&entry.attempt) = number;
  }

  bool rebuild_books();
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(int memfd) {
  struct stat info {};
  if (::fstat(memfd, &info) != 0) return errno_error("ledger memfd");
  const bool fresh = info.st_size == 0;
  if (fresh && ::ftruncate(memfd, static_cast<off_t>(kFileBytes)) != 0)
    return errno_error("ledger memfd: make it " + std::to_string(kFileBytes) + " bytes");
  if (!fresh && info.st_size != static_cast<off_t>(kFileBytes)) return Error{Errc::protocol, "ledger memfd: not of this version's size"};
  void* base = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (base == MAP_FAILED) return errno_error("ledger memfd: map");
  auto impl = std::make_unique<Impl>();
  impl->base = static_cast<std::byte*>(base);
  Header& header = impl->header();
  if (header.magic == 0) {  // new, or its first broker died before it was made
    header.entries = kLedgerEntries;
    header.magic = kMagic;
  }
  if (header.magic != kMagic || header.entries != kLedgerEntries)
    return Error{Errc::protocol, "ledger memfd: not a ledger of this version"};
  if (!impl->rebuild_books()) return Error{Errc::protocol, "ledger memfd: its entries contradict each other"};
  return Ledger{std::move(impl)};
}

bool Ledger::Impl::rebuild_books() {
  std::vector<Block> in_use;
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < kLedgerEntries; ++i) {
    Entry& one = entry(i);
    // Entries are taken in order, so that a run of untouched ones ends the search; a broker that died inside make_entry leaves one gap at
    // most.
    if (one.id == 0 && i > end + 1) break;
    if (one.id != 0) end = i + 1;
    if (one.id == 0 || one.state == EntryState::free) continue;
    if (!index.emplace(JobId{one.id}, i).second) return false;
    for (const Block& block : {one.texts, one.report, one.reason, one.result})
      if (block.size > 0) in_use.push_back(block);
  }
  untouched = end;
  for (std::uint32_t i = end; i-- > 0;)
    if (entry(i).id == 0 || entry(i).state == EntryState::free) free_entries.push_back(i);
  std::ranges::sort(in_use, {}, &Block::offset);
  return std::ranges::all_of(in_use, [&](const Block& block) { return blocks.adopt(block.offset, block.size); });
}

JobId Ledger::next_id() const { return JobId{impl_->header().next_id}; }
void Ledger::set_next_id(JobId next) { impl_->header().next_id = next.value; }

std::uint64_t Ledger::worker_restarts() const { return impl_->header().worker_restarts; }
void Ledger::count_worker_restart() { ++impl_->header().worker_restarts; }

bool Ledger::begin(const Job& job) {
  if (Entry* known = impl_->find(job.id)) {
    if (known->attempt != job.attempt) impl_->begin_attempt(*known, job.attempt);
    return true;
  }
  std::string texts;
  for (const std::string* text : {&job.key, &job.name, &job.description}) put_text(texts, *text);
  const Block block = impl_->store(std::as_bytes(std::span{texts}));
  Entry* entry = block.size > 0 ? impl_->make_entry(job.id) : nullptr;
  if (entry == nullptr) {
    if (block.size > 0) impl_->blocks.free(block.offset, block.size);
    return false;
  }
  *entry = Entry{};
  entry->flags = flags_of(job);
  entry->uid = job.uid;
  entry->attempt = job.attempt;
  entry->spec_hash = job.spec_hash;
  entry->priority = job.priority;
  entry->retries = job.retries;
  entry->grace_usec = job.grace.count();
  entry->timeout_usec = job.timeout.count();
  entry->backoff_usec = job.backoff.count();
  entry->submitted_usec = job.submitted_usec;
  entry->texts = block;
  entry->id = job.id.value;
  publish(*entry, EntryState::begun);
  return true;
}

bool Ledger::has(JobId id) const { return impl_->index.contains(id); }

void Ledger::start(JobId id, std::int32_t pid, std::int64_t started_usec) {
  Entry* entry = impl_->find(id);
  if (entry == nullptr) return;
  entry->pid = pid;
  entry->started_usec = started_usec;
}

void Ledger::end_attempt(JobId id, std::uint32_t number) {
  if (Entry* entry = impl_->find(id)) *static_cast<volatile std::uint32_t*>(&entry->ended_attempt) = number;
}

void Ledger::note_stop(const Job& job) {
  Entry* entry = impl_->find(job.id);
  if (entry == nullptr) return;
  impl_->replace(entry->reason, impl_->store(std::as_bytes(std::span{job.reason})));
  entry->grace_usec = job.grace.count();
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the flag last
  *static_cast<volatile std::uint32_t*>(&entry->flags) = entry->flags | kStopAsked;
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
  impl_->replace(entry.reason, impl_->store(std::as_bytes(std::span{job.reason})));
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

std::string Ledger::result(JobId id) const {
  Entry* entry = impl_->find(id);
  if (entry == nullptr || entry->state != EntryState::ended) return {};
  // One that came in pieces is whole when the job succeeded, also when there was no room for the report that followed it.
  if (entry->result.size > 0 && entry->outcome == static_cast<std::uint16_t>(Outcome::succeeded))
    return std::string{impl_->text(entry->result)};
  if (entry->report.size == 0) return {};
  auto report = decode_report(std::as_bytes(std::span{impl_->text(entry->report)}));
  return report ? std::move(report->result) : std::string{};
}

void Ledger::erase(JobId id) {
  const auto found = impl_->index.find(id);
  if (found == impl_->index.end()) return;
  Entry& entry = impl_->entry(found->second);
  publish(entry, EntryState::free);
  for (Block* block : {&entry.texts, &entry.report, &entry.reason, &entry.result}) impl_->free(*block);
  impl_->free_entries.push_back(found->second);
  impl_->index.erase(found);
}

std::vector<Ledger::Found> Ledger::recover() {
  std::vector<Found> all;
  all.reserve(impl_->index.size());
  for (const auto& [id, place] : impl_->index) {
    const Entry& entry = impl_->entry(place);
    Found& found = all.emplace_back();
    found.ended = entry.state == EntryState::ended;
    Job& job = found.job;
    job.id = id;
    job.mode = (entry.flags & kAsync) != 0 ? Mode::apply_async : Mode::apply;
    job.kind = (entry.flags & kCommand) != 0 ? shm::JobKind::command : shm::JobKind::function;
    job.flags = {(entry.flags & kDetach) != 0, (entry.flags & kDescriptors) != 0, (entry.flags & kDurable) != 0};
    job.uid = entry.uid;
    job.attempt = entry.attempt;
    job.spec_hash = entry.spec_hash;
    job.attempt_open = entry.ended_attempt != entry.attempt;
    job.priority = entry.priority;
    job.retries = entry.retries;
    job.grace = Microseconds{entry.grace_usec};
    job.timeout = Microseconds{entry.timeout_usec};
    job.backoff = Microseconds{entry.backoff_usec};
    job.pid = entry.pid;
    job.started_usec = entry.started_usec;
    job.submitted_usec = entry.submitted_usec;
    std::string_view texts = impl_->text(entry.texts);
    job.key = take_text(texts);
    job.name = take_text(texts);
    job.description = take_text(texts);
    job.reason = impl_->text(entry.reason);
    if (!found.ended && (entry.flags & kStopAsked) != 0) job.stop = StopRequest::cancel;
    if (!found.ended) continue;
    job.outcome = static_cast<Outcome>(std::min<std::uint16_t>(entry.outcome, static_cast<std::uint16_t>(Outcome::poison)));
    job.ended_usec = entry.ended_usec;
    job.worker_number = WorkerNumber{entry.worker_number};
    if (entry.exit_code >= 0) job.exit_code = entry.exit_code;
    if (entry.signal > 0) job.signal = entry.signal;
    if (entry.report.size == 0) continue;
    if (const auto report = decode_report(std::as_bytes(std::span{impl_->text(entry.report)}))) {
      if (job.reason.empty()) job.reason = report->reason;
      job.error_type = report->error_type;
      job.user_usec = report->user_usec;
      job.system_usec = report->system_usec;
      job.max_rss_bytes = report->max_rss_bytes;
    }
  }
  std::ranges::sort(all, {}, [](const Found& found) { return found.job.id; });
  return all;
}

std::size_t Ledger::size() const { return impl_->index.size(); }
std::uint64_t Ledger::heap_used() const { return impl_->blocks.used(); }

}  // namespace jobpool::broker
