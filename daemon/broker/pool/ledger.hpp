// The ledger: one memfd per instance, held by the supervisor, written by brokers only. For each job that was ever offered and is not yet
// forgotten it keeps what a new broker needs to go on: who it is, whether it ended and how, and its result.
// It is what lets a new broker answer a caller that comes back with its key, and never run that job again.
//
// Order of writes, so that a kill between any two of them is harmless (one writer, no concurrent reader; the next broker reads it all):
//   begin():   all fields of a free entry, then state = begun      an entry precedes the job's first offer
//   finish():  outcome, then state = ended                         before rpos advances and the slot is freed; its report is kept before
//   erase():   state = free, then its blocks are free in private books
// A begun entry without a slot in any worker's segment never started, unless its START was seen: then nobody knows what became of it.
//
// A sixteenth of the heap is not for results: it is kept for the entries of jobs to come and for short reports, so that results which
// nobody collects never keep others from starting. (The engine sees to it that old ones give way: full_ledger.cpp.) Broker process, its one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/job/report.hpp"
#include "common/result.hpp"
#include "daemon/broker/core/job.hpp"

namespace jobpool::broker {

// Of what it is made, once for the whole instance. Sparse: it costs what is used. Tests and fuzzers make do with less.
struct LedgerSize {
  std::uint32_t entries = 524'288;                    // jobs in flight and kept results
  std::uint64_t heap_bytes = std::uint64_t{2} << 30;  // Requires: a multiple of 4,096
};

class Ledger {
 public:
  // Maps the supervisor's memfd; of size 0 it is new. Errors: io; protocol: not a ledger of this version and size, or spoiled.
  static Result<Ledger> open(int memfd, const LedgerSize& size = {});
  // Over plain memory instead, zeroed when it is new: for those who open thousands a second. Requires: it outlives this, is aligned as a
  // page and ledger_layout::file_bytes(size) long.
  static Result<Ledger> over(std::byte* memory, const LedgerSize& size);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // The first id that no job has. Monotonic; survives the broker, not the instance.
  JobId next_id() const;
  void set_next_id(JobId next);

  // Figures of the whole instance, which its brokers count together.
  std::uint64_t worker_restarts() const;
  void count_worker_restart();

  // What begin() takes of the heap for a job that is not in.
  static std::uint64_t bytes_to_begin(const Job& job);
  // Enters a job that is about to be offered, or its next attempt; nothing changes when that is in already. False: no room.
  bool begin(const Job& job);
  bool has(JobId id) const;
  // The worker's START was seen. The next broker believes that, whatever the worker has made of its slot; and goes by it for a time-out.
  void start(JobId id, std::int32_t pid, std::int64_t started_usec);
  // That attempt has ended, and another is to follow: it must never be offered again under that number. What it reported is let go.
  void end_attempt(JobId id, std::uint32_t number);

  // A job that was begun is to end before its time: with its grace and reason, for the next broker. Ignored when it was not begun.
  void note_stop(const Job& job);

  // From here on it outlives its callers. Ignored when it was not begun: begin() knows.
  void note_detached(JobId id);

  // A piece of a result that comes in pieces. False: it contradicts earlier pieces, or there is no room for it (the result is lost then).
  bool add_result(JobId id, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece);

  // A result came in pieces and is kept (whole: the worker's end of the queue sends all of it or no report).
  bool has_streamed_result(JobId id) const;

  // The worker's report, of a job that has not ended yet. False: no room; the job can be finished without it.
  bool keep_report(JobId id, std::span<const std::byte> report);

  // The end. Enters the job first if it is not in. False: no room for that; one that was begun always has room for its outcome.
  bool finish(const Job& job);

  // The result's JSON text, however it came, where it is: until erase() or let_go_result(). Empty: none.
  std::string_view result(JobId id) const;
  // What its report and its result take.
  std::uint64_t bytes_of(JobId id) const;

  void erase(JobId id);  // harmless when it is not in

  // What may give way when there is no room, if nobody waits for it: ephemeral jobs that have ended, the first to end first.
  std::vector<JobId> may_give_way() const;
  bool is_async(JobId id) const;
  // Of one of these: its outcome stays, its result is gone, and the next broker knows that. Ignored where that would free nothing.
  bool let_go_result(JobId id);
  bool has_lost_result(JobId id) const;
  // What that would free; 0: nothing.
  std::uint64_t bytes_to_let_go(JobId id) const;
  // There is no room for so many more, or for little more than that: room is to be made up to there, so that it lasts for a while. `freed`:
  // as if so many were free already.
  bool is_short_of_heap(std::uint64_t bytes, std::uint64_t freed = 0) const;
  // Somewhere among what is free a piece of so many is in one.
  bool has_block(std::uint64_t bytes) const;
  bool is_short_of_entries() const;
  const LedgerSize& capacity() const;

  // Everything found by a new broker; jobs have no payload. `ended` as recorded. Ascending by id.
  struct Found {
    Job job;  // attempt_open: its attempt may be offered again if it never started
    bool ended = false;
  };
  std::vector<Found> recover();

  std::size_t size() const;
  std::uint64_t heap_used() const;

  // The pages of large results that are gone stay for the next ones, as long as there are some every second.
  bool keeps_unused() const;
  // Does that, a part at a time, when the last of these went a second ago. To be called every 100 ms while keeps_unused().
  void give_back_unused(TimePoint now);

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  static Result<Ledger> read(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobpool::broker
