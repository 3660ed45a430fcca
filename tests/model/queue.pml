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
bit asleep;            /* the worker is in the futex's queue */
bit worker_alive = 1;
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
byte read_by_worker;         /* 1 + the slot whose payload a live worker may read; 0: none */

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

/* Nobody sleeps on an unseen offer, result, room or death: both sleep, nothing is on its way to either, and somebody still waits. */
#define stuck                                                                                          \
  (asleep && broker_waits && broker_alive && !eventfd && !worker_is_dead && request == NO_REQUEST && \
   broker_fence && worker_fence)

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
       worker_alive = 0; asleep = 0; read_by_worker = 0
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
#ifdef WITNESS /* must be reached: run.sh says so when it is not */
  :: d_step { (WITNESS) -> assert(!(WITNESS)) }
#endif
  od
}

#include "queue_worker.pml"
#include "queue_broker.pml"
