// The bytes of the ledger memfd: header, entries, heap. Read by the next broker, which may be a newer program: hence the version,
// and a change of what is below raises shm::kLedgerVersion too, so that a reload is refused while this memory lives.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "daemon/broker/pool/ledger.hpp"

namespace jobpool::broker::ledger_layout {

inline constexpr std::uint64_t kMagic = 0x33726764656c706aULL;  // "jpledgr3"

struct Header {
  std::uint64_t magic;    // written last when the ledger is made
  std::uint64_t entries;  // how many it was made for
  std::uint64_t next_id;
  std::uint64_t worker_restarts;
  std::uint64_t reserved[4];
};

enum class EntryState : std::uint32_t { free = 0, begun = 1, ended = 2 };

// Flags of an entry. kResultGone: it had a result, which was let go for want of room. (A program from before that flag, which a reload may
// go back to, finds no result.)
inline constexpr std::uint16_t kAsync = 1, kDetach = 2, kDescriptors = 4, kCommand = 8, kDurable = 16, kStopAsked = 32, kResultGone = 64;

struct Block {
  std::uint64_t offset, size;  // in the heap; size 0: none
};

struct Entry {
  EntryState state;  // written after all else of its step
  std::uint16_t flags;
  std::uint16_t pool;  // the job's, by number
  std::uint64_t id;
  std::uint32_t uid;
  std::uint32_t attempt;  // the one that was offered last
  std::uint64_t spec_hash;
  std::uint32_t ended_attempt;  // the last that ended with another to follow; 0: none. Equal to `attempt`: the next is not offered yet
  std::int16_t priority;
  std::uint16_t retries;
  std::int64_t grace_usec, timeout_usec, backoff_usec;
  std::int64_t submitted_usec;
  std::int64_t started_usec, ended_usec;  // 0: not yet, or not known
  std::int32_t pid, exit_code, signal;    // of an ended job: exit_code −1: none; signal 0: none
  std::uint16_t outcome, worker_number;
  Block texts;   // key, name, description: length:u32 bytes each
  Block report;  // the FIN's body, without a result that there was no room for; none: the core ended the job itself
  Block reason;
  Block result;  // a result that came in pieces
};
static_assert(sizeof(Entry) == 168);
static_assert(sizeof(Header) == 64);

inline constexpr std::uint64_t kEntriesOffset = 4096;
constexpr std::uint64_t heap_offset(const LedgerSize& size) { return (kEntriesOffset + size.entries * sizeof(Entry) + 4095) / 4096 * 4096; }
constexpr std::uint64_t file_bytes(const LedgerSize& size) { return heap_offset(size) + size.heap_bytes; }

}  // namespace jobpool::broker::ledger_layout
