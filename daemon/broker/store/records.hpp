// What is written to the store and read back: plain values, so that a batch can cross to the store's thread, be printed and be replayed.
//
// A durable job's life in records:  JobRecord → (AttemptRecord → AttemptEnd)* → JobEnd → JobRemoval
//   (DependencyMet at any time before its first attempt, JobDetached before its end;)
//   an attempt is recorded before it may start; one that provably never started keeps its record (and number) for the next offer,
//   or is taken back (AttemptUndone) when the daemon stops
//
// What a writer keeps to, and a store need not forgive: ids and (uid, key) of a JobRecord are new; the job of every other record is there
// and has not ended (but for JobRemoval, which may come at any time); an AttemptEnd follows the AttemptRecord of its number. One that is
// said again, by a broker that takes over, takes the place of the first.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "common/shared_text.hpp"
#include "daemon/broker/core/attempt.hpp"
#include "daemon/broker/core/pool.hpp"
#include "daemon/broker/core/terms.hpp"
#include "daemon/broker/queues/records.hpp"

namespace jobpool::broker {

// Accepted. Written once, never changed, but for what DependencyMet and JobDetached say.
struct JobRecord {
  JobId id;
  Terms terms;
  Dependencies after;
  SharedText name, description, key;  // key: unique per uid among the jobs in the store; empty: none
  std::uint64_t spec_hash = 0;        // compared when the key comes again
  std::int64_t submitted_usec = 0;
  JobNotes notes;
  SharedText payload;  // the worker's JobSpec, opaque here
};

// What it was to run after, at that place in JobRecord::after, has ended as it must: no record of that one is needed for it any more.
struct DependencyMet {
  JobId job;
  std::uint32_t position = 0;
};

// It outlives its callers: JobFlags::detach is set.
struct JobDetached {
  JobId job;
};

// May start from the moment this is committed.
struct AttemptRecord {
  JobId job;
  std::uint32_t number = 0;
  std::int64_t recorded_usec = 0;
  std::uint64_t recorded_by = 0;  // the instance of the daemon, as a number
};

// It never started, and never will under this record.
struct AttemptUndone {
  JobId job;
  std::uint32_t number = 0;
};

// How it went; the job goes on (a retry), or its JobEnd is in the same batch.
struct AttemptEnd {
  JobId job;
  Attempt attempt;
};

struct JobEnd {
  JobId job;
  Outcome outcome = Outcome::interrupted;
  std::int64_t ended_usec = 0;
  SharedText reason;
  std::string result;  // JSON text of a function's result; empty: none
};

// Forgotten: by retention, or because somebody asked. Its result goes with it; the job's key is free again.
struct JobRemoval {
  JobId job;
};

// A PoolRecord (core/pool.hpp) is the pool as it is now: it takes the place of the one before. A job's pool is there, or the default one.

// No record names it any more.
struct PoolRemoval {
  PoolNumber pool;
};

using StoreWrite = std::variant<JobRecord, DependencyMet, JobDetached, AttemptRecord, AttemptUndone, AttemptEnd, JobEnd, JobRemoval,
                                PoolRecord, PoolRemoval, QueueWrite>;
using StoreBatch = std::vector<StoreWrite>;

inline JobId job_of(const JobRecord& record) { return record.id; }
// 0: it says nothing of a job.
inline JobId job_of(const PoolRecord&) { return JobId{}; }
inline JobId job_of(const PoolRemoval&) { return JobId{}; }
inline JobId job_of(const QueueWrite&) { return JobId{}; }
template <class Record>
JobId job_of(const Record& record) {
  return record.job;
}
inline JobId job_of(const StoreWrite& write) {
  return std::visit([](const auto& record) { return job_of(record); }, write);
}

// A job as a new broker finds it.
struct StoredJob {
  JobRecord job;                  // payload is empty when it has ended
  std::vector<Attempt> attempts;  // ascending by number; the last may have no outcome
  bool ended = false;
  JobEnd end;  // meaningful when ended; without the result (Store::read_result)
};

}  // namespace jobpool::broker
