// What the core wants done. Whoever runs the core carries them out in order, and tells it what came of those that may fail.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "daemon/broker/core/event.hpp"
#include "daemon/broker/core/urgency.hpp"

namespace jobpool::broker {

struct Accepted {
  Token token;
  JobId job;
  enum class Kind { fresh, known } kind = Kind::fresh;  // known: the key had been seen with the same submission
};

// key_of_ephemeral: the key's job is no durable one, as this was to be, and has not ended. forgotten: it was, before this was answered.
enum class Refusal {
  queue_full,
  quota_full,
  not_running,
  key_conflict,
  key_of_ephemeral,
  forgotten,
  store_full,
  no_such_dependency,
  withdrawn
};
struct Refused {
  Token token;
  Refusal why;
  JobId job;  // key_conflict, key_of_ephemeral, forgotten: the one that has the key; no_such_dependency: the one that is not there
};

// Into the store, for durable jobs only. What depends on it (Accepted, OfferJob, Ended of the same job) comes later and is carried out
// when it is committed.
struct Save {
  JobId job;
  enum class What {
    accepted,        // the job as it is now
    attempt,         // `number` may start
    attempt_undone,  // it never did, and will not under this record
    dependency_met,  // what stands at the place `number` has ended as it must
  } what = What::accepted;
  std::uint32_t number = 0;
  Dependencies after = {};  // of an accepted one
  Urgency urgency = Urgency::now;
  SharedText payload = {};  // likewise: it may have ended at once, and has none any more when this is carried out
};

// Its flag was set after it was accepted: for the ledger and, if it is durable, the store.
struct Detached {
  JobId job;
};

// An attempt ended and another follows: the job's end is not yet told to anybody. For the ledger and, if it is durable, the store.
struct AttemptEnded {
  JobId job;
  std::shared_ptr<const Attempt> attempt;
};

struct OfferJob {  // answered by OfferFailed, or not at all
  JobId job;
  Incarnation worker;
};
struct RevokeJob {  // answered by Revoked
  JobId job;
  Incarnation worker;
};
struct UsedEnd {  // of a durable job that is not settled: an ephemeral one that came later goes on by it
  JobId job;
};
struct StopAsked {  // before anything is done about it: record it, a next broker must go on with it
  JobId job;
};
struct StopJob {  // TERM to its tree, KILL after the grace
  JobId job;
  Incarnation worker;
  Microseconds grace;
};
struct KillWorker {
  Incarnation worker;
  std::string reason;
};
struct Changed {  // every change of state, for the log and for those who listen
  JobId job;
  JobState from, to;
};
struct Ended {  // the outcome is decided: record it, then answer Settled
  JobId job;
  Urgency urgency = Urgency::now;  // even if somebody waits for it
  // Of an ephemeral one: durable jobs may go on by its end, as was saved just before. Nobody is told of it before that is committed.
  bool is_saved_for_others = false;
  // Of a durable one: ephemeral jobs go on by its end, and at once. So the next broker is to know of it as it knows of theirs, from the
  // ledger, also where the commit of it does not come about.
  bool is_for_ephemeral = false;
};
struct Forgotten {  // nothing of it needs to be kept any more; the job is gone after this effect
  JobId job;
  std::uint32_t attempt;
  shm::JobKind kind;  // a function has no output files to be removed
  bool durable;
  bool named_by_durable;  // as Job's
};
struct Drained {};  // nothing runs and nothing will

struct SavePool {  // as it is now, into the store
  PoolNumber pool;
};
struct RemovePool {  // out of the store: it was deleted, and no job names it any more
  PoolNumber pool;
};
struct StartWorker {  // answered by WorkerJoined, sooner or later
  WorkerNumber number;
  PoolNumber pool;
};
struct SetUpWorker {  // answered by WorkerSetUp or its death; nothing else is offered to it before
  Incarnation worker;
  PoolNumber pool;
};
struct DismissWorker {  // it leaves when it has done what it has; nothing else is offered to it
  Incarnation worker;
};
// A set-up failed: for the log.
struct SetupFailed {
  PoolNumber pool;
  WorkerNumber worker;
  Microseconds pause;  // before the next one is tried
};
// It is closed or terminated, and all its workers have left.
struct PoolLeft {
  PoolNumber pool;
};

using Effect =
    std::variant<Accepted, Refused, Save, Detached, AttemptEnded, OfferJob, RevokeJob, UsedEnd, StopAsked, StopJob, KillWorker, Changed,
                 Ended, Forgotten, Drained, SavePool, RemovePool, StartWorker, SetUpWorker, DismissWorker, SetupFailed, PoolLeft>;
using Effects = std::vector<Effect>;

}  // namespace jobpool::broker
