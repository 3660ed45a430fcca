/* The queue of one worker and the broker, as common/shm and daemon/broker do it: each access to shared memory is one step, and between
   any two of them the worker or the broker may be killed. README.md says what this shows, what it leaves out, and what the mutants are.

   Memory is x86-TSO: a plain store waits in its process's store buffer, in order, until it drains at some later moment; a seq_cst
   read-modify-write first waits until its own buffer is empty. A killed process's retired stores still arrive: before its death is told.

   Bounds, by -D: */
#ifndef JOBS
#define JOBS 2
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef RING /* frames; at least 2, so that no silent START fills it alone */
#define RING 2
#endif
#ifndef THREADS /* of the worker; with two, BUFFER is 0 */
#define THREADS 1
#endif
#ifndef STARTS /* 0: no START frames. Two threads need a frame of room more with them: two that are silent must not fill the ring */
#define STARTS 1
#endif
#ifndef DATA /* DATA frames of a job, at most */
#define DATA 0
#endif
#ifndef WORKER_DEATHS
#define WORKER_DEATHS 1
#endif
#ifndef BROKER_DEATHS
#define BROKER_DEATHS 1
#endif
#ifndef REQUESTS /* cancellations and other reasons to revoke */
#define REQUESTS 1
#endif
#ifndef BUFFER /* stores that wait, at least 2 (more would only make the processor wait); 0: memory is sequentially consistent */
#define BUFFER 3
#endif
#if JOBS > 3 || SLOTS > 3
#error "the loops over jobs and slots are written out up to three"
#endif
#if THREADS > 2 || (THREADS > 1 && BUFFER > 0)
#error "at most two threads, which have no store buffers of their own"
#endif

/* word = sequence * 4 + state, as layout.hpp packs it */
#define EMPTY 0
#define OFFERED 1
#define CLAIMED 2
#define REVOKED 3
#define pack(sequence, state) ((sequence) * 4 + (state))
#define sequence_of(word) ((word) / 4)
#define state_of(word) ((word) % 4)

/* frame = sequence * 4 + type */
#define START 1
#define DATA_PART 2
#define FIN 3

/* ---- shared memory: the segment */
byte word[SLOTS];
byte bell;
byte sleeping;
byte desc_sequence[SLOTS];
byte desc_job[SLOTS];
byte rpos;
bit broker_sleeping;
byte wpos;
byte ring[RING];
bit eventfd;

/* ---- the ledger */
#define NONE 0
#define BEGUN 1
#define ENDED 2
byte ledger[JOBS];
byte ledger_outcome[JOBS];

/* ---- outcomes */
#define SUCCEEDED 1
#define CANCELLED 2
#define INTERRUPTED 3

/* ---- the kernel and the supervisor */
#define FOR_WORK 1
#define FOR_ROOM 2
byte asleep_for[THREADS]; /* what that thread is in the futex's queue for; 0: it is not */
bit worker_alive = 1;
byte ended_threads;    /* of a dead worker */
bit worker_is_dead;    /* the supervisor has told so; stays until the broker lets it forget the worker */
bit broker_alive = 1;
bit finished;          /* the last broker went home: all jobs have ended and all callers know */
bit broker_waits;      /* it is in epoll_wait */

/* ---- a caller's wish, which wakes the broker */
#define NO_REQUEST 0
#define CANCEL 1
#define STEAL 2        /* priority, an idle worker elsewhere, a slow one here: back to the queue */
byte request;
byte request_job;

/* ---- what nobody but this model knows: the invariants are about it */
byte starts[JOBS];           /* claims: from there on it may have started */
bit is_claimed[JOBS];        /* its present offer was claimed */
bit is_revoked[JOBS];        /* its present offer was revoked */
bit is_committed[JOBS];      /* its FIN was published */
byte told[JOBS];             /* the outcome its caller has heard; 0: none */
byte read_by_worker[THREADS]; /* 1 + the slot whose payload that thread may read, from its claim to its FIN; 0: none */

/* ---- the worker's private memory, of all its threads */
byte written;
bit is_locked;               /* the ring's writer */
bit waits_for_lock[THREADS];

/* ---- store buffers */
#define AT_SLEEPING SLOTS
#define AT_BROKER_SLEEPING (SLOTS + 1)
#define AT_WPOS (SLOTS + 2)
#define AT_RPOS (SLOTS + 3)
#if BUFFER > 0
chan broker_buffer = [BUFFER] of { byte, byte };
chan worker_buffer = [BUFFER] of { byte, byte };
#endif

inline arrive(at, value) {
  if
  :: at < SLOTS -> word[at] = value
  :: at == AT_SLEEPING -> sleeping = value
  :: at == AT_BROKER_SLEEPING -> broker_sleeping = value
  :: at == AT_WPOS -> wpos = value
  :: at == AT_RPOS -> rpos = value
  fi
}

/* Within a d_step that begins with the guard `..._may_store`. */
#if BUFFER > 0
#define broker_may_store nfull(broker_buffer)
#define broker_store(at, value) broker_buffer ! at, value
#define worker_may_store nfull(worker_buffer)
#define worker_store(at, value) worker_buffer ! at, value
#define broker_fence (len(broker_buffer) == 0)
#define worker_fence (len(worker_buffer) == 0)
#else
#define broker_may_store true
#define broker_store(at, value) arrive(at, value)
#define broker_fence true
#define worker_fence true
#endif

#if BUFFER > 0
active proctype StoreBuffers() {
  byte at, value;
end:
  do
  :: d_step { broker_buffer ? at, value -> arrive(at, value); at = 0; value = 0 }
  :: d_step { worker_buffer ? at, value -> arrive(at, value); at = 0; value = 0 }
  od
}
#endif

#if BUFFER > 0
#define empty_buffer(buffer)                             \
  do                                                     \
  :: len(buffer) > 0 -> buffer ? at, value; arrive(at, value) \
  :: else -> break                                       \
  od;                                                    \
  at = 0; value = 0
#else
#define empty_buffer(buffer) skip
#endif

/* Nobody sleeps on an unseen offer, result, room or death: all sleep, nothing is on its way to either, and somebody still waits. */
#define is_still(t) (asleep_for[t] != 0 || (waits_for_lock[t] && is_locked))
#if THREADS == 1
#define asleep (asleep_for[0] != 0)
#define sleepers (asleep_for[0] != 0)
#define with_a_job (read_by_worker[0] != 0)
#else
#define asleep (is_still(0) && is_still(1))
#define sleepers ((asleep_for[0] != 0) + (asleep_for[1] != 0))
#define with_a_job ((read_by_worker[0] != 0) + (read_by_worker[1] != 0))
#endif
#define stuck                                                                                          \
  (asleep && broker_waits && broker_alive && !eventfd && !worker_is_dead && request == NO_REQUEST && \
   broker_fence && worker_fence)

/* Nobody sleeps over an offer that no other thread is about to take, while the broker thinks that all are told: each thread sleeps, has
   a job, or is about to look. This is also what the audit goes by. (One that sleeps for room has a job as well: it is counted once.) */
#if SLOTS == 1
#define offered_words ((state_of(word[0]) == OFFERED))
#elif SLOTS == 2
#define offered_words ((state_of(word[0]) == OFFERED) + (state_of(word[1]) == OFFERED))
#else
#define offered_words ((state_of(word[0]) == OFFERED) + (state_of(word[1]) == OFFERED) + (state_of(word[2]) == OFFERED))
#endif
#define sleeps_for_work(t) (asleep_for[t] == FOR_WORK)
#if THREADS == 1
#define idle_sleepers (sleeps_for_work(0))
#else
#define idle_sleepers (sleeps_for_work(0) + sleeps_for_work(1))
#endif
#define overslept \
  (broker_waits && broker_alive && worker_alive && idle_sleepers > 0 && idle_sleepers + with_a_job + offered_words > THREADS)

/* What comes from outside: deaths and wishes, at any moment or never. It does not end, so what else would be an invalid end state is
   asserted here. */
active proctype Outside() {
  byte at, value;
  byte worker_deaths = WORKER_DEATHS, broker_deaths = BROKER_DEATHS, requests = REQUESTS;
end:
  do
  :: d_step {
       worker_deaths > 0 && worker_alive && !finished ->
       worker_deaths--;
       empty_buffer(worker_buffer);
       worker_alive = 0; is_locked = 0; written = 0;
       at = 0;
       do
       :: at < THREADS -> asleep_for[at] = 0; read_by_worker[at] = 0; waits_for_lock[at] = 0; at++
       :: else -> break
       od;
       at = 0
     }
  :: d_step {
       broker_deaths > 0 && broker_alive && !finished ->
       broker_deaths--;
       empty_buffer(broker_buffer);
       broker_alive = 0; broker_waits = 0
     }
  :: d_step { requests > 0 && request == NO_REQUEST && !finished -> requests--; request = CANCEL; request_job = JOBS - 1 }
  :: d_step { requests > 0 && request == NO_REQUEST && !finished -> requests--; request = STEAL; request_job = JOBS - 1 }
  :: d_step { stuck -> assert(!stuck) }
#if BUFFER == 0 /* with store buffers, what was written is not yet what is seen */
  :: d_step { overslept -> assert(!overslept) }
#endif
#ifdef WITNESS /* must be reached: run.sh says so when it is not */
  :: d_step { (WITNESS) -> assert(!(WITNESS)) }
#endif
  od
}

#include "queue_worker.pml"
#include "queue_broker.pml"
