// What can happen to the core. Each is a value, so that a simulator can make, print and replay them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/job/report.hpp"
#include "daemon/broker/core/job.hpp"
#include "daemon/broker/core/pool.hpp"

namespace jobpool::broker {

// The moment of an event, in both clocks; the core reads neither itself.
struct Now {
  TimePoint steady;
  std::int64_t wall_usec = 0;
};

// Names the caller of a submission in its answer (Accepted or Refused).
using Token = Id<struct TokenTag>;

// What to do with a submission that finds the queue full.
enum class IfFull : std::uint8_t { fail, block };

struct Submit : Terms {
  Token token;
  IfFull if_full = IfFull::fail;
  Dependencies after;
  SharedText payload;
  SharedText name, description, key;
  std::uint64_t spec_hash = 0;
  JobNotes notes;
};

// A map: its chunks, durable jobs that nobody else names, and the one that ends when they have. All of them are accepted, or none; answered
// by Accepted or Refused for the batch's token. A full queue refuses it.
struct SubmitBatch {
  Submit batch;
  std::vector<Submit> chunks;
};

// The caller of a submission is gone: if it is still blocked, it is refused. Of several with tokens in a row: those of them that are.
struct Withdraw {
  Token token;
  std::uint64_t count = 1;
};

struct WorkerJoined {
  Incarnation incarnation;
  WorkerNumber number;
  PoolNumber pool = {};
  // Whether what its pool wants done in it first is still to be begun, under way, or over. Of no meaning where the pool wants nothing.
  enum class Setup { to_do, under_way, done } setup = Setup::to_do;
  std::uint64_t offers = 0;  // that earlier brokers have made it
};

// The set-up that it was told to do has ended.
struct WorkerSetUp {
  Incarnation incarnation;
  std::string error;  // empty: well. Else it leaves by itself
};

// It is about to be killed, since it broke the queue's rules, or was told to leave when it has done what it has: nothing more for it.
// What it has in its slots then is judged at its death; of one that leaves of its own accord, what it has not begun is taken back at once:
// it may take long until its other threads are done.
struct WorkerCondemned {
  Incarnation incarnation;
  enum class Why { unfit, leaves } why = Why::unfit;
};

// `claimed`: its slots' words said so when they were judged, the job may have started; the others never did and never will.
struct WorkerLost {
  Incarnation incarnation;
  std::vector<JobId> unclaimed, claimed;
  int signal = 0;                         // it died of, or
  int exit_code = 0;                      // it left with
  std::vector<std::uint64_t> items = {};  // of the chunks among `claimed`, in their order, that which ran; 0 or missing: none
};

// For sentences: "was killed by signal 9", "exited with status 1".
std::string way_of_death(const WorkerLost& event);
std::string time_was_over(const Job& job);

struct Started {
  JobId job;
  std::int32_t pid = 0;
  std::int64_t started_usec = 0;
};

struct Reported {
  JobId job;
  const ReportView* report = nullptr;  // valid during the call
};

// It runs, and has waited for something at a queue: told when that is over. For its history only.
struct WaitedAtQueue {
  JobId job;
  Microseconds time;
};

// The answers to effects that may fail.
struct Revoked {
  JobId job;
  bool never_started = false;
};
struct OfferFailed {  // no room for its payload in that worker's segment
  JobId job;
};

struct Cancel {
  JobId job;
  enum class Haste { grace, now } haste = Haste::grace;
  std::string reason;  // one sentence, kept as the outcome's
};

// A function is to end at once, with its worker: nothing else stops one.
struct KillFunction {
  JobId job;
};

// The caller of an apply has its answer, or is gone for good: the job may be forgotten.
struct Delivered {
  JobId job;
};

// A job's outcome is where it survives (the store, or the ledger for an ephemeral one): it may be told.
struct Settled {
  JobId job;
};

// The disk is full: this new job could not be stored, nobody was told of it, and it is as if it had never come.
struct NotStored {
  JobId job;
};
// An ended job's result is not kept any longer, for want of room. Ignored of one that is not settled.
struct ResultLetGo {
  JobId job;
};

struct StoreFull {};  // refuse new durable jobs
struct StoreHasRoom {};
// Nothing can be recorded, not even the attempts of jobs that were accepted: durable jobs are not offered until StoreMoves. `unrecorded`:
// whose attempts wait for that, ascending. Those among them that are offered have not reached their workers, and are taken back.
struct StoreStuck {
  std::vector<JobId> unrecorded;
};
struct StoreMoves {};

// Forget an ended job. Ignored for others.
struct Remove {
  JobId job;
};

// ---- Pools. Where nothing is said, one that there is not, or that has been deleted, is ignored.

struct CreatePool {  // Requires: no pool has that name, and there are fewer than kMaxPools
  PoolSettings settings;
};
struct ResizePool {
  PoolNumber pool;
  std::optional<std::uint32_t> size;  // absent: as the daemon's configuration says
};
struct PausePool {
  PoolNumber pool;
};
// Runs again: a paused one, a closed one, a terminated one.
struct ResumePool {
  PoolNumber pool;
};
struct ClosePool {
  PoolNumber pool;
};
// No grace is longer than this one.
struct TerminatePool {
  PoolNumber pool;
  Microseconds grace = Microseconds::max();
};
struct DeletePool {  // Requires: not the default one; all its workers have left
  PoolNumber pool;
};
// From an earlier broker. Told before everything else of earlier brokers.
struct InheritedPool {
  PoolRecord record;
};
// From here on workers are asked for and sent away as the pools' sizes say.
struct StaffPools {
  std::uint32_t default_size = 0;  // of the default pool, where nothing else was said of it
};

// Jobs of earlier brokers are about to be told; what is not known yet may still run.
struct RecoveryBegun {};
struct RecoveryDone {};

// From an earlier broker, of this instance or of one before. Told in ascending order of ids, but for those in slots, which come first.
struct Inherited {
  Job job;
  Dependencies after;
  enum class Place {
    in_slot,    // in a live (or just dead) worker's slot
    queued,     // not started under its current attempt, if it has one; in no slot
    lost,       // its attempt was recorded, and whoever could know what became of it is gone
    unsettled,  // ended; only the ledger knows it yet
    ended,      // ended and settled
  } place = Place::ended;
  JobNotes notes = {};
};

// A deadline passed, or 100 ms did while work is in flight. Requires: what the workers have reported was told just before: a job that has
// ended must not cost its worker.
struct Tick {};
struct EndOfTurn {};  // all events of the turn were told: now hand out work
struct Drain {};      // no new jobs; ephemeral ones that have not started are cancelled; Drained follows when nothing runs
struct StopAll {};    // as Drain, and running ones are stopped at once

using Event =
    std::variant<Submit, SubmitBatch, WorkerJoined, WorkerCondemned, WorkerLost, Started, Reported, Revoked, OfferFailed, Cancel,
                 KillFunction, Delivered, Settled, NotStored, StoreFull, StoreHasRoom, Remove, Withdraw, RecoveryBegun, RecoveryDone,
                 Inherited, Tick, EndOfTurn, Drain, StopAll, WorkerSetUp, CreatePool, ResizePool, PausePool, ResumePool, ClosePool,
                 TerminatePool, DeletePool, InheritedPool, StaffPools, WaitedAtQueue, ResultLetGo, StoreStuck, StoreMoves>;

}  // namespace jobpool::broker
