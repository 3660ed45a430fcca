// Reading the ledger as an earlier broker left it: what a kill may have left half done is told from what was done.
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "daemon/broker/pool/ledger_impl.hpp"

namespace jobpool::broker {

using namespace ledger_layout;

namespace {

// What it says beside how the job ended. Empty, or unreadable: nothing.
void add_report(Job& job, std::string_view bytes) {
  if (bytes.empty()) return;
  const auto report = decode_report(std::as_bytes(std::span{bytes}));
  if (!report) return;
  if (job.reason.empty()) job.reason = report->reason;
  job.error_type = report->error_type;
  job.user_usec = report->user_usec;
  job.system_usec = report->system_usec;
  job.max_rss_bytes = report->max_rss_bytes;
}

std::string take_text(std::string_view& in) {
  std::uint32_t length = 0;
  if (in.size() < sizeof length) return {};
  std::memcpy(&length, in.data(), sizeof length);
  in.remove_prefix(sizeof length);
  std::string text{in.substr(0, length)};
  in.remove_prefix(std::min<std::size_t>(length, in.size()));
  return text;
}

}  // namespace

Result<Ledger> Ledger::open(int memfd, const LedgerSize& size) {
  struct stat info {};
  if (::fstat(memfd, &info) != 0) return errno_error("ledger memfd");
  const std::uint64_t bytes = file_bytes(size);
  const bool fresh = info.st_size == 0;
  if (fresh && ::ftruncate(memfd, static_cast<off_t>(bytes)) != 0)
    return errno_error("ledger memfd: make it " + std::to_string(bytes) + " bytes");
  if (!fresh && info.st_size != static_cast<off_t>(bytes)) return Error{Errc::protocol, "ledger memfd: not of this version's size"};
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (base == MAP_FAILED) return errno_error("ledger memfd: map");
  return read(std::make_unique<Impl>(static_cast<std::byte*>(base), Impl::Memory::mapped, size));
}

Result<Ledger> Ledger::over(std::byte* memory, const LedgerSize& size) {
  return read(std::make_unique<Impl>(memory, Impl::Memory::borrowed, size));
}

Result<Ledger> Ledger::read(std::unique_ptr<Impl> impl) {
  Header& header = impl->header();
  if (header.magic == 0) {  // new, or its first broker died before it was made
    header.entries = impl->size.entries;
    header.magic = kMagic;
  }
  if (header.magic != kMagic || header.entries != impl->size.entries)
    return Error{Errc::protocol, "ledger memfd: not a ledger of this version"};
  if (!impl->rebuild_books()) return Error{Errc::protocol, "ledger memfd: its entries contradict each other"};
  return Ledger{std::move(impl)};
}

bool Ledger::Impl::rebuild_books() {
  std::vector<Block> in_use;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> live;  // id and place
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < size.entries; ++i) {
    Entry& one = entry(i);
    // Entries are taken in order, so that a run of untouched ones ends the search; a broker that died inside make_entry leaves one gap at
    // most.
    if (one.id == 0 && i > end + 1) break;
    if (one.id != 0) end = i + 1;
    if (one.id == 0 || one.state == EntryState::free) continue;
    live.emplace_back(one.id, i);
    for (const Block& block : {one.texts, one.report, one.reason, one.result})
      if (block.size > 0) in_use.push_back(block);
  }
  untouched = end;
  keeps_unused = was_freed = end > 0;  // what an earlier broker may have left
  for (std::uint32_t i = end; i-- > 0;)
    if (entry(i).id == 0 || entry(i).state == EntryState::free) free_entries.push_back(i);
  std::ranges::sort(live);  // ascending they are entered at once
  for (const auto& [id, place] : live) {
    if (index.contains(JobId{id})) return false;
    index.add(JobId{id}, place);
  }
  std::ranges::sort(in_use, {}, &Block::offset);
  return std::ranges::all_of(in_use, [&](const Block& block) { return blocks.adopt(block.offset, block.size); });
}

Ledger::Found Ledger::Impl::read(const Entry& entry) {
  Found found;
  found.ended = entry.state == EntryState::ended;
  Job& job = found.job;
  job.id = JobId{entry.id};
  job.mode = (entry.flags & kAsync) != 0 ? Mode::apply_async : Mode::apply;
  job.kind = (entry.flags & kCommand) != 0 ? shm::JobKind::command : shm::JobKind::function;
  job.flags = {(entry.flags & kDetach) != 0, (entry.flags & kDescriptors) != 0, (entry.flags & kDurable) != 0};
  job.pool = PoolNumber{entry.pool};
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
  std::string_view texts = text(entry.texts);
  job.key = take_text(texts);
  job.name = take_text(texts);
  job.description = take_text(texts);
  job.reason = text(entry.reason);
  if (!found.ended && (entry.flags & kStopAsked) != 0) job.stop = StopRequest::cancel;
  if (!found.ended) return found;
  job.outcome = static_cast<Outcome>(std::min<std::uint16_t>(entry.outcome, static_cast<std::uint16_t>(Outcome::poison)));
  job.ended_usec = entry.ended_usec;
  job.worker_number = WorkerNumber{entry.worker_number};
  if (entry.exit_code >= 0) job.exit_code = entry.exit_code;
  if (entry.signal > 0) job.signal = entry.signal;
  add_report(job, text(entry.report));
  if ((entry.flags & kResultGone) != 0) note_lost_result(job);
  return found;
}

std::vector<Ledger::Found> Ledger::recover() {
  std::vector<Found> all;
  all.reserve(impl_->index.size());
  impl_->index.each([&](JobId, std::uint32_t place) { all.push_back(impl_->read(impl_->entry(place))); });
  return all;
}

}  // namespace jobpool::broker
