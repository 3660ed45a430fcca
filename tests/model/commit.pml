/* Group commit, crashes and recovery: the promises of durable and ephemeral jobs (daemon/README.md, daemon/broker/store/records.hpp).
   A step here is a turn's part that happens wholly or not at all; queue.pml looks inside those that touch shared memory. README.md says
   what this shows, what it leaves out, and what the mutants are.

   Broker's memory dies with the broker; slots and ledger die with the supervisor or the host; the store keeps what was committed, and
   the transaction that a crash interrupts wholly or not at all.

   Bounds, by -D: */
#ifndef JOBS /* places for jobs */
#define JOBS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef ATTEMPTS /* 1 + retries asked for */
#define ATTEMPTS 1
#endif
#ifndef WORKER_DEATHS
#define WORKER_DEATHS 1
#endif
#ifndef BROKER_DEATHS
#define BROKER_DEATHS 1
#endif
#ifndef HOST_DEATHS
#define HOST_DEATHS 1
#endif
#ifndef REVOKES
#define REVOKES 1
#endif
#if JOBS > 3 || WORKERS > 2
#error "the loops over jobs and workers are written out up to three and two"
#endif
/* Two callers. SAME_KEY: both submit the same durable job under one key; else the first a durable job, the second an ephemeral one. */
#ifdef SAME_KEY
#define key_of(caller) 0
#define is_durable(key) true
#else
#define key_of(caller) (caller)
#define is_durable(key) ((key) == 0)
#endif

#define SUCCEEDED 1
#define INTERRUPTED 2

/* What is known of a job: in the broker's memory, in the transaction under way, in the store. */
typedef Row {
  bit used;
  byte attempts;      /* recorded */
  byte instance;      /* in which the last one was */
  bit attempt_ended;  /* the last one's AttemptEnd */
  byte outcome        /* JobEnd */
};
#define copy(to, from)                                       \
  to.used = from.used; to.attempts = from.attempts;          \
  to.instance = from.instance; to.attempt_ended = from.attempt_ended; to.outcome = from.outcome
#define clear(row)                                           \
  row.used = 0; row.attempts = 0; row.instance = 0; row.attempt_ended = 0; row.outcome = 0

/* ---- the broker */
Row now[JOBS];
bit is_dirty[JOBS];      /* for the next batch */
bit broker_is_up = 1;
byte epoch;              /* which broker: callers notice that theirs is gone */
byte instance;           /* which supervisor */
bit instance_had_broker; /* only a mutant asks */
byte born_in[JOBS];      /* only a mutant asks */

/* ---- the transaction under way, and the store */
Row batch[JOBS];
bit is_in_batch[JOBS];
bit is_committing;
Row stored[JOBS];

/* ---- what outlives a broker: one slot per worker, the ledger */
#define EMPTY 0
#define OFFERED 1
#define CLAIMED 2
#define REPORTED 3
byte slot_state[WORKERS];
byte slot_job[WORKERS];
byte slot_attempt[WORKERS];
bit worker_is_dead[WORKERS];
#define NONE 0
#define BEGUN 1
#define ENDED 2
byte ledger[JOBS];
byte ledger_outcome[JOBS];

/* ---- what nobody but this model knows */
byte key[JOBS];                 /* goes with the record wherever that is */
byte starts[JOBS];              /* one bit per attempt */
byte starts_of_key[2];
byte told[JOBS];
byte callers_left = 2;

#if WORKERS == 1
#define is_in_slot(j) (slot_state[0] != EMPTY && slot_job[0] == j && is_current(0, j))
#else
#define is_in_slot(j) ((slot_state[0] != EMPTY && slot_job[0] == j && is_current(0, j)) || \
                       (slot_state[1] != EMPTY && slot_job[1] == j && is_current(1, j)))
#endif
#ifdef M_SLOT_KNOWN_BY_JOB_ONLY
#define is_current(w, j) true
#else
#define is_current(w, j) (slot_attempt[w] == now[j].attempts)
#endif

inline empty_slot(w) { slot_state[w] = EMPTY; slot_job[w] = 0; slot_attempt[w] = 0 }

/* An attempt ended without a report: another where asked, else the job's outcome. */
inline end_without_report(j) {
  now[j].attempt_ended = 1;
  if
  :: now[j].attempts < ATTEMPTS
  :: else -> now[j].outcome = INTERRUPTED
  fi;
  is_dirty[j] = 1
}

/* ---- the store's thread: one transaction at a time; what piled up meanwhile is the next. Wholly or not at all. */
inline commit_batch() {
  x = 0;
  do
  :: x < JOBS ->
     if
     :: is_in_batch[x] ->
        assert(!stored[x].used || batch[x].used);
        assert(stored[x].outcome == 0 || stored[x].outcome == batch[x].outcome); /* exactly one outcome */
        copy(stored[x], batch[x]);
        clear(batch[x]);
        is_in_batch[x] = 0
     :: else
     fi;
     x++
  :: else -> break
  od;
  x = 0; is_committing = 0
}

#if JOBS == 2
#define any_dirty (is_dirty[0] || is_dirty[1])
#else
#define any_dirty (is_dirty[0] || is_dirty[1] || is_dirty[2])
#endif

active proctype StoreThread() {
  byte x;
end:
  do
  :: d_step {
       broker_is_up && !is_committing && any_dirty ->
       x = 0;
       do
       :: x < JOBS ->
          if
          :: is_dirty[x] -> copy(batch[x], now[x]); is_in_batch[x] = 1; is_dirty[x] = 0
          :: else
          fi;
          x++
       :: else -> break
       od;
       x = 0; is_committing = 1
     }
  :: d_step { broker_is_up && is_committing -> commit_batch() }
  od
}

/* ---- deaths of broker, supervisor or host; the next broker recovers before it listens */
inline lose_broker() {
  x = 0;
  do
  :: x < JOBS -> clear(now[x]); clear(batch[x]); is_in_batch[x] = 0; is_dirty[x] = 0; x++
  :: else -> break
  od;
  x = 0; is_committing = 0; broker_is_up = 0; epoch++
}

inline lose_supervisor() {
  x = 0;
  do
  :: x < WORKERS -> empty_slot(x); worker_is_dead[x] = 0; x++
  :: else -> break
  od;
  x = 0;
  do
  :: x < JOBS -> ledger[x] = NONE; ledger_outcome[x] = 0; x++
  :: else -> break
  od;
  x = 0; instance++; instance_had_broker = 0
}

#ifdef M_TRUST_EMPTY_SLOTS
#define slots_were_lost(j) false
#elif defined(M_ONLY_FIRST_BROKER_INTERRUPTS)
#define slots_were_lost(j) (!instance_had_broker)
#else
#define slots_were_lost(j) (now[j].instance != instance)
#endif

inline recover() {
  x = 0;
  do
  :: x < JOBS ->
     if
     :: stored[x].used ->
        copy(now[x], stored[x]);
        if
        /* With its slots lost it may have started. With them here, in none of them it did not: its number is offered again. */
        :: now[x].attempts > 0 && !now[x].attempt_ended && !is_in_slot(x) && slots_were_lost(x) -> end_without_report(x)
        :: else
        fi
     :: ledger[x] != NONE ->
        now[x].used = 1; now[x].attempts = 1; now[x].instance = instance;
        if
        :: ledger[x] == ENDED -> now[x].attempt_ended = 1; now[x].outcome = ledger_outcome[x]
        :: ledger[x] == BEGUN && !is_in_slot(x) -> ledger[x] = NONE; clear(now[x]) /* its caller comes back with all of it */
        :: else
        fi
     :: else
     fi;
     x++
  :: else -> break
  od;
  x = 0; broker_is_up = 1; instance_had_broker = 1
}

active proctype Outside() {
  byte x;
  byte broker_deaths = BROKER_DEATHS, host_deaths = HOST_DEATHS;
end:
  do
  :: d_step { callers_left > 0 && broker_is_up && broker_deaths > 0 -> broker_deaths--; lose_broker() }
  :: d_step { callers_left > 0 && is_committing && broker_deaths > 0 -> broker_deaths--; commit_batch(); lose_broker() }
  :: d_step { callers_left > 0 && broker_is_up && host_deaths > 0 -> host_deaths--; lose_broker(); lose_supervisor() }
  :: d_step { callers_left > 0 && is_committing && host_deaths > 0 -> host_deaths--; commit_batch(); lose_broker(); lose_supervisor() }
  :: d_step { !broker_is_up -> recover() }
#ifdef WITNESS /* must be reached: run.sh says so when it is not */
  :: d_step { (WITNESS) -> assert(!(WITNESS)) }
#endif
  :: broker_deaths + host_deaths > 0 -> d_step { broker_deaths = 0; host_deaths = 0 } /* no more of it: who waits now must be served */
  od
}

#include "commit_jobs.pml"

init {
  atomic {
    run Job(0); run Job(1);
#if JOBS > 2
    run Job(2);
#endif
    run Worker(0);
#if WORKERS > 1
    run Worker(1);
#endif
    run Caller(0); run Caller(1)
  }
}
