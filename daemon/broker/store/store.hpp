// Where durable jobs live: behind this interface, so that the core's tests and the simulator need no disk.
// Implementations: SqliteStore (SQLite on a thread of its own), MemoryStore (tests and simulator).
//
// One batch per turn. Batches are committed whole and in order; what was committed survives everything. The caller goes on at once and is
// told later, in order, through StoreListener, always from collect() on the caller's own thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "daemon/broker/core/urgency.hpp"
#include "daemon/broker/store/records.hpp"

namespace jobpool::broker {

using CommitNumber = std::uint64_t;  // 1, 2, 3 … in the order of commit()

class StoreListener {
 public:
  virtual ~StoreListener() = default;
  // Everything up to and including this batch is durable, but for the JobRecords that were refused before this call.
  virtual void on_committed(CommitNumber number) = 0;
  // The disk is full. These new jobs of batch `number` were not stored, nor was anything else said of them in that or in later batches
  // (on_committed follows for the rest, as soon as it has room; earlier batches may be told after this too). From this call on nothing
  // is to be said of these jobs. New durable jobs should be refused until on_room(); those that come all the same are refused likewise.
  virtual void on_full(CommitNumber number, std::vector<JobId> refused) = 0;
  // Likewise these puts of items, and nothing else of what was said of queues.
  virtual void on_puts_refused(CommitNumber, const std::vector<PutNumber>&) {}
  virtual void on_room() = 0;
  // The disk is so full that not even the rest can be committed. It is tried again and again; the next on_committed says that it has room.
  virtual void on_stuck() {}
  // The store cannot be written or read any more (an I/O error, a damaged file): nothing may be promised from now on. Told once; nothing
  // is committed after it. The process must end; `error` says what to do.
  virtual void on_failed(Error error) = 0;
};

class Store {
 public:
  // Commits what was handed over, as far as the disk has room, and tells nobody. A caller that wants to know waits for in_flight() == 0.
  virtual ~Store() = default;

  // The pools that are in it, ascending by number; the default one only where something was said of it. Requires: called before load().
  // Errors: as load().
  virtual Result<std::vector<PoolRecord>> load_pools() = 0;

  // All jobs that are in it, ascending by id. Requires: called once, before the first commit(). Errors: io, protocol (damaged).
  virtual Result<std::vector<StoredJob>> load() = 0;

  // All durable queues, ascending by id. Requires and errors: as load(), and called before it.
  virtual Result<std::vector<StoredQueue>> load_queues() { return std::vector<StoredQueue>{}; }

  // Never blocks. An empty batch is allowed (and costs no disk write); its on_committed comes in order like any other.
  // `urgency`: how long it may wait for others to be committed with; one that is urgent takes along all that wait.
  // Requires: what records.hpp says of each record; a batch that breaks it is never committed, and fails the store.
  virtual CommitNumber commit(StoreBatch batch, Urgency urgency = Urgency::now) = 0;

  // The result of an ended job, read behind all commits so far; empty text: none. `done` is called from collect().
  // Errors: not_found (no such job, or it has not ended), io, protocol.
  virtual void read_result(JobId job, std::function<void(Result<std::string>)> done) = 0;

  // A job as it was accepted, with its payload, also when it has ended. Likewise. Errors: not_found, io, protocol.
  virtual void read_job(JobId job, std::function<void(Result<JobRecord>)> done) = 0;

  // Tells what has happened since the last call. When there is something to tell, descriptor() is readable.
  virtual void collect(StoreListener& listener) = 0;
  virtual int descriptor() const = 0;  // −1: none; then collect() must be called after each commit()

  // True: a batch that is handed over now is not kept waiting by another.
  virtual bool is_idle() const = 0;

  // The batches that were handed over and whose on_committed has not been called yet.
  virtual std::size_t in_flight() const = 0;
};

}  // namespace jobpool::broker
