// The ledger's entries and heap in the mapped memfd, and the private books beside them. For ledger.cpp and ledger_recovery.cpp only.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/broker/core/job_id_map.hpp"
#include "daemon/broker/pool/block_allocator.hpp"
#include "daemon/broker/pool/ledger.hpp"
#include "daemon/broker/pool/ledger_layout.hpp"

namespace jobpool::broker {

struct Ledger::Impl {
  using Header = ledger_layout::Header;
  using Entry = ledger_layout::Entry;
  using Block = ledger_layout::Block;

  enum class Memory { mapped, borrowed };  // mapped: it is unmapped at the end
  Impl(std::byte* memory, Memory whose, const LedgerSize& of) : base(memory), kind(whose), size(of), blocks(of.heap_bytes) {}

  std::byte* const base;
  const Memory kind;
  const LedgerSize size;
  BlockAllocator blocks;
  JobIdMap<std::uint32_t> index;  // of live entries
  std::vector<std::uint32_t> free_entries;
  std::uint32_t untouched = 0;  // entries from here on were never used
  static constexpr std::uint64_t kLarge = 64 * 1024;
  bool keeps_unused = false;  // large blocks were freed, and their pages are there still
  bool was_freed = false;     // one of them, since give_back_unused() looked
  TimePoint quiet_since{};
  std::uint64_t given_back = 0;  // of the heap, from its beginning

  ~Impl() {
    if (kind == Memory::mapped) ::munmap(base, ledger_layout::file_bytes(size));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Header& header() { return *reinterpret_cast<Header*>(base); }
  Entry& entry(std::uint32_t i) { return reinterpret_cast<Entry*>(base + ledger_layout::kEntriesOffset)[i]; }
  std::byte* heap(const Block& block) { return base + ledger_layout::heap_offset(size) + block.offset; }
  // Of an empty block the offset was never checked.
  std::string_view text(const Block& block) {
    return block.size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(heap(block)), block.size);
  }

  // The entries of jobs are looked at in the order of their ids, as a rule, and for the second time long after the first: that of one of
  // the next is brought into the processor's cache meanwhile.
  void foresee(JobId id) {
    constexpr std::uint64_t kAhead = 4;
    if (const std::uint32_t* const place = index.find(JobId{id.value + kAhead})) foresee(*place);
  }
  void foresee(std::uint32_t place) { prefetch(&entry(place), sizeof(Entry)); }
  // Likewise, what it reported.
  void foresee_report(JobId id) {
    constexpr std::uint64_t kAhead = 2;  // of whom the entry was foreseen
    const Entry* const next = find(JobId{id.value + kAhead});
    if (next != nullptr && next->report.size > 0) __builtin_prefetch(heap(next->report));
  }
  static void prefetch(const void* from, std::size_t size) {
    constexpr int kToBeWritten = 1;
    const char* const bytes = static_cast<const char*>(from);
    for (std::size_t at = 0; at < size; at += shm::kCacheLine) __builtin_prefetch(bytes + at, kToBeWritten);
    __builtin_prefetch(bytes + size - 1, kToBeWritten);
  }

  Entry* find(JobId id) {
    const std::uint32_t* const place = index.find(id);
    return place == nullptr ? nullptr : &entry(*place);
  }

  // What is small may go into the reserve.
  std::uint64_t reserve() const { return size.heap_bytes / 16; }
  Block allocate(std::uint64_t bytes) {
    constexpr std::uint64_t kSmall = 4096;
    if (bytes > kSmall && blocks.used() + BlockAllocator::block_size(bytes) + reserve() > size.heap_bytes) return {0, 0};
    const auto offset = blocks.allocate(bytes);
    if (const auto next = blocks.next(bytes)) prefetch(heap({*next, bytes}), bytes);
    return offset ? Block{*offset, bytes} : Block{0, 0};
  }
  Block store(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {0, 0};
    const Block block = allocate(bytes.size());
    if (block.size > 0) std::memcpy(heap(block), bytes.data(), bytes.size());
    return block;
  }
  void free(Block& block) {
    if (block.size > 0) blocks.free(block.offset, block.size);
    if (block.size >= kLarge) keeps_unused = was_freed = true;
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
      if (!free_entries.empty()) foresee(free_entries.back());
    } else if (untouched < size.entries) {
      ++untouched;
    } else {
      return nullptr;
    }
    index.add(id, place);
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
  Found read(const Entry& entry);
};

}  // namespace jobpool::broker
