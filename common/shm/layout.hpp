// What broker and worker must agree on, and nothing else: the four memfds of one worker incarnation.
//
//   control      mapped read-write by both            a word for each slot, the bell, the sleeper flag
//   to_worker    broker read-write, worker read-only  descriptors of offers, how far the ring was read
//   from_worker  worker read-write, broker read-only  the ring of result frames
//   payload      broker read-write, worker read-only  request bytes
//
// Each word below has one writer, but for `word` and `bell`, whose ownership is in the value that is compared and swapped.
// No memory is shared between two workers: a dead or mad worker can spoil only its own segment, which is thrown away whole.
// Read-only mappings guard against faults, not against hostile code of the same uid (which could ptrace anyway).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace jobpool::shm {

inline constexpr std::uint32_t kLayoutVersion = 4;  // of this; a reload to a program with another one lets the workers finish first
// Of the broker's ledger (daemon/broker/pool/ledger_layout.hpp), which a reload cannot wait for: what has ended is in it until it is
// fetched. A reload to a program with another one is refused.
inline constexpr std::uint32_t kLedgerVersion = 3;
// Offers in flight to one worker, at most. A depth of 2 is usual; where jobs are very short and many wait, all are used (the core bounds
// them by time): the wake-ups of a worker, of the broker and of whoever waits for ends are then one for so many jobs.
inline constexpr std::size_t kSlots = 64;
inline constexpr std::uint32_t kMaxThreads = 8;  // of one worker; each has an offer of its own
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kRingBytes = 256 * 1024;  // power of two; larger results stream through it with back-pressure
inline constexpr std::size_t kPayloadBytes =
    64 * 1024 * 1024;  // sparse: costs what is used; what does not fit waits until there is room (a request is 16 MiB at most)
inline constexpr std::size_t kMaxFrameBody =
    64 * 1024;  // one frame's body: a quarter of the ring, so that frames overlap reading and writing
inline constexpr std::size_t kMaxResultBytes =
    16 * 1024 * 1024 + 64 * 1024;  // a streamed result: 16 MiB, and slack for what it is wrapped in

// word = sequence << 8 | state
enum class SlotState : std::uint8_t { empty = 0, offered = 1, claimed = 2, revoked = 3 };

inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 56) - 1;
constexpr std::uint64_t pack(std::uint64_t sequence, SlotState state) { return sequence << 8 | static_cast<std::uint64_t>(state); }
constexpr std::uint64_t sequence_of(std::uint64_t word) { return word >> 8; }
// The slot of that offer, unless it was taken: then any. The first sequence is 1.
constexpr std::size_t place_of(std::uint64_t sequence) { return (sequence - 1) % kSlots; }
constexpr SlotState state_of(std::uint64_t word) { return static_cast<SlotState>(word & 0xff); }

struct Control {
  // broker: EMPTY → OFFERED (seq_cst RMW: a release, and the publish before it looks at `sleeping`), OFFERED → REVOKED (seq_cst CAS),
  //         any → EMPTY (release, after the outcome is recorded)
  // worker: OFFERED → CLAIMED (seq_cst CAS; its acquire pairs with the broker's release of OFFERED and makes desc and payload visible)
  alignas(kCacheLine) std::atomic<std::uint64_t> word[kSlots];
  // broker increments (seq_cst) and wakes, and so does a worker that wakes its own threads; worker reads (seq_cst) before it looks, and
  // sleeps only on the value it read
  alignas(kCacheLine) std::atomic<std::uint32_t> bell;
  // worker, each of its threads: +1 before it sleeps, -1 after (seq_cst RMW: the full fence of the store/load pattern); broker reads
  // (seq_cst) after an offer
  alignas(kCacheLine) std::atomic<std::uint32_t> sleeping;
};

// setup: no job, but what the pool wants done in a fresh worker before its first (common/job/setup.hpp); its first offer or none.
enum class JobKind : std::uint32_t { function = 1, command = 2, setup = 3 };

// Bits of Descriptor::flags.
inline constexpr std::uint32_t kHasDescriptors = 1;  // the job's file descriptors come over the broker's socket, tagged with this sequence

// Written by the broker before the release store of OFFERED, never while the slot is OFFERED or CLAIMED.
// Read by the worker after its CAS, and by a new broker: this is the trusted record of what is in flight.
struct Descriptor {
  std::uint64_t job_id;
  std::uint64_t sequence;  // must equal the word's; a claim that finds another one is a broken invariant
  JobKind kind;
  std::uint32_t flags;
  std::uint32_t attempt;         // 1 for the first
  std::uint32_t reserved;        // 0
  std::uint64_t payload_offset;  // into the payload memfd
  std::uint64_t payload_length;
};

struct ToWorker {
  std::uint32_t layout_version;  // whoever makes the segment, once; the worker compares it before it does anything
  // Whoever makes the segment, once: how many threads of the worker claim. 0 stands for 1.
  std::uint32_t threads;
  alignas(kCacheLine) Descriptor desc[kSlots];
  // broker: seq_cst RMW, after the frames before it were recorded (store or ledger); worker: seq_cst, before it writes over them
  alignas(kCacheLine) std::atomic<std::uint64_t> rpos;
  // broker: 1 before it sleeps (seq_cst RMW), 0 after; worker reads (seq_cst) after it advanced wpos
  alignas(kCacheLine) std::atomic<std::uint32_t> broker_sleeping;
};

struct FromWorker {
  // worker: seq_cst RMW, the commit point of a report, and the publish before it looks at broker_sleeping; broker: seq_cst
  alignas(kCacheLine) std::atomic<std::uint64_t> wpos;
  // worker: 1 (seq_cst) before the FIN after which it leaves of its own accord, when its other threads are done; broker: relaxed, after a
  // drain.
  std::atomic<std::uint32_t> leaving;
  // worker: relaxed, which item of the chunk in that slot runs, from 1; 0: none. broker: relaxed, and only once the worker is dead, for the
  // sentence that says what it died of.
  alignas(kCacheLine) std::atomic<std::uint32_t> items[kSlots];
  // worker writes bytes [rpos, rpos + kRingBytes) before it publishes them; broker copies them once, then checks its copy
  alignas(kCacheLine) std::byte ring[kRingBytes];
};

enum class FrameType : std::uint16_t {
  start = 1,  // body: StartBody; the job runs from here on; no doorbell
  data = 2,   // body: DataHeader + bytes of the result
  fin = 3,    // body: a Report (common/job/report.hpp); the job has ended
};

// A frame is this header and `length` bytes of body, padded to 8. Header and body may wrap around the ring's end.
struct FrameHeader {
  std::uint32_t length;  // of the body, ≤ kMaxFrameBody
  FrameType type;
  std::uint16_t reserved;  // 0
  std::uint64_t sequence;
  std::uint64_t job_id;
};

struct StartBody {
  std::int64_t started_usec;  // wall clock
  std::int32_t pid;           // the command's, or the worker's for a function
  std::uint32_t reserved;     // 0
};

// Results too large for a FIN travel before it. The offset makes a repeated read by a new broker harmless.
struct DataHeader {
  std::uint64_t total_length;  // of the whole result; the same in each frame of it
  std::uint64_t offset;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(Control) == 10 * kCacheLine, "words are dense; bell and sleeping have lines of their own");
static_assert(kMaxThreads <= kSlots);
static_assert(sizeof(FrameHeader) == 24 && sizeof(StartBody) == 16 && sizeof(DataHeader) == 16);
static_assert((kRingBytes & (kRingBytes - 1)) == 0);

}  // namespace jobpool::shm
