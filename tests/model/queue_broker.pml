/* The broker: common/shm/offer_side.cpp, inherit.cpp, daemon/broker/{engine,pool/dispatcher,pool/ledger,recovery,broker,server/turn_loop}.cpp.
   One d_step is one access to what outlives the broker, with what it does privately around it. */

/* The core's view of a job. */
#define READY 0
#define IN_SLOT 1
#define DONE 2
#define FOUND 3 /* during recovery: known from the ledger or a caller, not placed yet */

/* SlotTable */
#define FREE 0
#define IN_FLIGHT 1
#define TAKEN_BACK 2

#if SLOTS == 1
#define in_flight ((use[0] != FREE))
#define any_finished (slot_finished[0])
#elif SLOTS == 2
#define in_flight ((use[0] != FREE) + (use[1] != FREE))
#define any_finished (slot_finished[0] || slot_finished[1])
#else
#define in_flight ((use[0] != FREE) + (use[1] != FREE) + (use[2] != FREE))
#define any_finished (slot_finished[0] || slot_finished[1] || slot_finished[2])
#endif
#if JOBS == 1
#define any_ready (state[0] == READY)
#define all_done (state[0] == DONE)
#elif JOBS == 2
#define any_ready (state[0] == READY || state[1] == READY)
#define all_done (state[0] == DONE && state[1] == DONE)
#else
#define any_ready (state[0] == READY || state[1] == READY || state[2] == READY)
#define all_done (state[0] == DONE && state[1] == DONE && state[2] == DONE)
#endif

/* The seq_cst read-modify-writes, or (in a mutant) the plain stores that they must not be. */
#ifdef M_PLAIN_OFFER
#define publish_offer() broker_may_store -> broker_store(i, pack(next_sequence, OFFERED))
#else
#define publish_offer() broker_fence -> word[i] = pack(next_sequence, OFFERED)
#endif
#ifdef M_PLAIN_BROKER_SLEEPING
#define announce_broker_sleep() d_step { broker_may_store -> broker_store(AT_BROKER_SLEEPING, 1) }
#else
#define announce_broker_sleep() d_step { broker_fence -> broker_sleeping = 1 }
#endif
#ifdef M_PLAIN_RPOS
#define publish_rpos() broker_may_store -> broker_store(AT_RPOS, position)
#else
#define publish_rpos() broker_fence -> rpos = position
#endif

/* FUTEX_WAKE_BITSET: which of those that sleep for this reason is the kernel's affair. */
#define sleeps_for(t, reason) (asleep_for[t] & (reason))
#define ALL_SLEEPERS THREADS
#define FOR_ANYTHING (FOR_WORK | FOR_ROOM)
#if THREADS == 1
#define wake(count, reason)                               \
  d_step {                                                \
    if                                                    \
    :: sleeps_for(0, reason) -> asleep_for[0] = 0         \
    :: else                                               \
    fi                                                    \
  }
#else
#define wake(count, reason)                                                                     \
  if                                                                                            \
  :: d_step { count == 1 && sleeps_for(0, reason) -> asleep_for[0] = 0 }                        \
  :: d_step { count == 1 && sleeps_for(1, reason) -> asleep_for[1] = 0 }                        \
  :: d_step {                                                                                   \
       count > 1 && (sleeps_for(0, reason) || sleeps_for(1, reason)) ->                         \
       asleep_for[0] = (sleeps_for(0, reason) -> 0 : asleep_for[0]);                            \
       asleep_for[1] = (sleeps_for(1, reason) -> 0 : asleep_for[1])                             \
     }                                                                                          \
  :: !sleeps_for(0, reason) && !sleeps_for(1, reason)                                           \
  fi
#endif

/* ring_if_asleep, ring_bell */
inline ring_if_asleep(count, reason) {
  if
  :: sleeping == 0
  :: else ->
#ifndef M_BELL_WITHOUT_COUNT
     d_step { broker_fence -> bell++ };
#endif
     wake(count, reason)
  fi
}

/* OfferSide::offer and revoke count, ring() wakes as many. */
#ifdef M_ONE_WAKE_FOR_ALL
#define count_unrung() unrung = 1
#else
#define count_unrung() unrung = (unrung < ALL_SLEEPERS -> unrung + 1 : unrung)
#endif

inline note_revoked(k) {
  use[k] = TAKEN_BACK;
  assert(!is_claimed[slot_job[k]]);
  is_revoked[slot_job[k]] = 1
}

/* OfferSide::revoke of slot k; `ok` is its answer. */
inline revoke(k) {
#ifdef M_REVOKE_WITHOUT_CAS
  ok = (use[k] == TAKEN_BACK || word[k] == pack(slot_sequence[k], OFFERED));
  d_step {
    if
    :: use[k] == IN_FLIGHT && ok -> word[k] = pack(slot_sequence[k], REVOKED); note_revoked(k)
    :: else
    fi
  }
#else
  d_step {
    broker_fence ->
    if
    :: use[k] == TAKEN_BACK -> ok = 1
    :: use[k] == IN_FLIGHT && word[k] == pack(slot_sequence[k], OFFERED) ->
       word[k] = pack(slot_sequence[k], REVOKED); ok = 1; note_revoked(k)
    :: else -> ok = 0
    fi
  }
#endif
}

/* OfferSide::release: EMPTY is a plain store; the payload is free for the next offer. */
#define release_steps(k)                                                                          \
  assert(read_by_worker[0] != k + 1);                                                             \
  assert(THREADS == 1 || read_by_worker[THREADS - 1] != k + 1);                                                                \
  assert(k < SLOTS);                                                                              \
  broker_store(k, pack(slot_sequence[k], EMPTY));                                               \
  use[k] = FREE; slot_sequence[k] = 0; slot_job[k] = 0; slot_finished[k] = 0
inline release(k) {
  d_step { broker_may_store -> release_steps(k) }
}

/* JobCore::finish, Engine::carry_out(Ended), Ledger::finish */
#define finish_steps(j, how)                                                                      \
  assert(ledger[j] != ENDED);                                                                     \
  assert(how != INTERRUPTED || !is_committed[j]);                                                 \
  assert(how != CANCELLED || starts[j] == 0);                                                     \
  ledger[j] = ENDED; ledger_outcome[j] = how; state[j] = DONE

inline release_finished() {
  do
  :: d_step {
       any_finished && broker_may_store ->
       i = 0;
       do
       :: !slot_finished[i] -> i++
       :: else -> break
       od;
       release_steps(i);
       i = 0
     }
  :: !any_finished -> break
  od
}

/* OfferSide::acknowledge */
inline acknowledge() {
  if
  :: d_step {
       recorded != position -> skip
     };
     d_step { publish_rpos() };
     if
     :: d_step { wpos - recorded + 1 <= RING -> recorded = position }
     :: d_step { wpos - recorded + 1 > RING -> recorded = position };
#ifndef M_NO_BELL_FOR_ROOM
        ring_if_asleep(ALL_SLEEPERS, FOR_ROOM)
#endif
     fi
  :: recorded == position
  fi
}

/* OfferSide::drain with Dispatcher::drain_link around it: every frame, then rpos, then the slots. */
inline drain() {
  if
  :: in_flight == 0 || wpos == position
  :: d_step { in_flight > 0 && wpos != position -> published = wpos };
#ifdef M_RPOS_BEFORE_OUTCOME
     d_step { broker_fence -> rpos = published };
#endif
     do
     :: d_step {
          position < published ->
          frame = ring[position % RING];
          i = 0;
          do
          :: i < SLOTS && !(use[i] != FREE && slot_sequence[i] == sequence_of(frame)) -> i++
          :: else -> break
          od;
          assert(i < SLOTS); /* "frame for a sequence that is not in flight" would kill a sane worker */
          assert(word[i] == pack(slot_sequence[i], CLAIMED) && use[i] == IN_FLIGHT && !slot_finished[i]);
          position++;
          if
          :: state_of(frame) == FIN -> slot_finished[i] = 1; job = slot_job[i] + 1
          :: else
          fi;
          frame = 0; i = 0
        };
        if
        :: d_step { job > 0 && state[job - 1] == IN_SLOT -> finish_steps(job - 1, SUCCEEDED); job = 0 }
        :: d_step { job > 0 && state[job - 1] != IN_SLOT -> job = 0 } /* its outcome was recorded before */
        :: job == 0                                                   /* START, DATA */
        fi
     :: d_step { position == published -> published = 0 } -> break
     od;
#ifdef M_EMPTY_BEFORE_RPOS
     release_finished();
     acknowledge()
#else
     acknowledge();
     release_finished()
#endif
  fi
}

/* Replies leave at the end of the turn. Whoever asks again, of this broker or the next, must hear the same. */
#define tell_steps()                                                                              \
  i = 0;                                                                                          \
  do                                                                                              \
  :: i < JOBS ->                                                                                  \
     if                                                                                           \
     :: state[i] == DONE ->                                                                       \
        assert(told[i] == 0 || told[i] == ledger_outcome[i]);                                     \
        told[i] = ledger_outcome[i]                                                               \
     :: else                                                                                      \
     fi;                                                                                          \
     i++                                                                                          \
  :: else -> break                                                                                \
  od;                                                                                             \
  i = 0

#include "queue_recovery.pml"

/* Cancel: JobCore::cancel_job. Steal: steal_for_idle, revoke_stale_offers. Both: Dispatcher::revoke, then Revoked. */
inline serve_request() {
  d_step {
    wish = request; job = request_job; request = NO_REQUEST; request_job = 0;
    i = 0;
    do
    :: i < SLOTS && !(use[i] == IN_FLIGHT && slot_job[i] == job) -> i++
    :: else -> break
    od
  };
  if
  :: d_step { state[job] == READY && wish == CANCEL -> finish_steps(job, CANCELLED) }
  :: state[job] == IN_SLOT ->
     revoke(i);
#ifdef M_FREE_PAYLOAD_ON_REVOKE_REQUEST
     ok = (ok || wish == STEAL);
#endif
#ifdef M_REPLY_BEFORE_LEDGER
     d_step { if :: ok && wish == CANCEL -> told[job] = CANCELLED :: else fi };
#endif
     if
     :: ok ->
        release(i);
        count_unrung();
        if
        :: d_step { wish == CANCEL -> finish_steps(job, CANCELLED) }
        :: d_step { wish == STEAL -> state[job] = READY }
        fi
     :: !ok /* it runs: the stop order and its grace are not modelled */
     fi
  :: else
  fi;
  d_step { wish = 0; job = 0; i = 0; ok = 0 }
}

/* JobCore::assign, Engine::carry_out(OfferJob), OfferSide::offer */
inline offer_one() {
  d_step {
    any_ready && in_flight < SLOTS ->
    job = 0;
    do
    :: state[job] != READY -> job++
    :: else -> break
    od;
    i = 0;
    do
    :: use[i] != FREE -> i++
    :: else -> break
    od;
    state[job] = IN_SLOT
#ifndef M_LEDGER_AFTER_OFFER
    ; ledger[job] = BEGUN
#endif
  };
#ifndef M_DESCRIPTOR_AFTER_OFFER
  d_step { desc_sequence[i] = next_sequence; desc_job[i] = job };
#endif
  d_step {
    publish_offer();
    is_claimed[job] = 0; is_revoked[job] = 0;
    use[i] = IN_FLIGHT; slot_sequence[i] = next_sequence; slot_job[i] = job; next_sequence++; count_unrung();
#if !defined(M_DESCRIPTOR_AFTER_OFFER) && !defined(M_LEDGER_AFTER_OFFER)
    job = 0; i = 0
#endif
  };
#ifdef M_DESCRIPTOR_AFTER_OFFER
  d_step { desc_sequence[i] = next_sequence - 1; desc_job[i] = job; job = 0; i = 0 }
#endif
#ifdef M_LEDGER_AFTER_OFFER
  d_step { ledger[job] = BEGUN; job = 0; i = 0 }
#endif
}

active proctype Broker() {
  byte use[SLOTS], slot_sequence[SLOTS], slot_job[SLOTS];
  bit slot_finished[SLOTS];
  byte state[JOBS];
  byte position, recorded, published, next_sequence = 1;
  byte i, job, frame, wish;
  byte unrung;
  bit ok;
again:
  {
    recover();
    do
    :: if
       :: worker_is_dead -> bury()
       :: !worker_is_dead && request != NO_REQUEST -> serve_request()
       :: else
       fi;
       /* Engine::end_turn */
       drain();
       /* at least one offer where there is work; how many more is the core's affair */
       do
       :: offer_one()
       :: !any_ready || in_flight > 0 -> break
       od;
       if
       :: unrung > 0 -> ring_if_asleep(unrung, FOR_WORK); unrung = 0
       :: else
       fi;
       if
       :: d_step { all_done -> tell_steps(); finished = 1 } -> break
       :: d_step { !all_done -> tell_steps() }
       fi;
       /* Dispatcher::prepare_to_sleep, epoll_wait, woke_up. Not all jobs are done, so something is in flight. */
       announce_broker_sleep();
       if
#ifndef M_NO_BROKER_LOOK_AGAIN
       :: d_step { wpos != position && broker_may_store -> broker_store(AT_BROKER_SLEEPING, 0) }
       :: d_step { wpos == position -> broker_waits = 1 };
#else
       :: broker_waits = 1;
#endif
          d_step {
            (eventfd || worker_is_dead || request != NO_REQUEST) && broker_may_store ->
            broker_waits = 0; eventfd = 0; broker_store(AT_BROKER_SLEEPING, 0)
          }
       fi
    od;
    goto home
  } unless { !broker_alive };
  d_step {
    forget_all_slots();
    i = 0;
    do
    :: i < JOBS -> state[i] = READY; i++
    :: else -> break
    od;
    i = 0; job = 0; frame = 0; wish = 0; ok = 0; unrung = 0;
    broker_alive = 1
  };
  goto again;
home:
  skip
}
