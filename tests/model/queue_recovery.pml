/* The broker after deaths: its predecessor's (common/shm/inherit.cpp, OfferSide::over, daemon/broker/recovery.cpp) and its worker's
   (Dispatcher::judge, JobCore::on(WorkerLost), daemon/broker/handover.cpp). */

inline forget_all_slots() {
  i = 0;
  do
  :: i < SLOTS -> use[i] = FREE; slot_sequence[i] = 0; slot_job[i] = 0; slot_finished[i] = 0; i++
  :: else -> break
  od;
  i = 0; position = 0; recorded = 0; published = 0; next_sequence = 1
}

/* inherit_slot; desc is plain memory of brokers only */
inline inherit_slot(k) {
  d_step {
    assert(sequence_of(word[k]) <= desc_sequence[k]);
    if
    :: state_of(word[k]) == EMPTY
    :: state_of(word[k]) == REVOKED -> use[k] = TAKEN_BACK
    :: else -> use[k] = IN_FLIGHT
    fi;
    if
    :: use[k] != FREE ->
       assert(sequence_of(word[k]) == desc_sequence[k]);
       slot_sequence[k] = desc_sequence[k]; slot_job[k] = desc_job[k]
    :: else
    fi;
    if
    :: desc_sequence[k] >= next_sequence -> next_sequence = desc_sequence[k] + 1
    :: else
    fi
  }
}

/* Recovery::take_over_slot. A revoked one is free again; its job is placed by finish(). */
inline take_over_slot(k) {
  if
  :: d_step { use[k] == IN_FLIGHT && ledger[slot_job[k]] == BEGUN -> state[slot_job[k]] = IN_SLOT }
  :: d_step { use[k] == TAKEN_BACK && ledger[slot_job[k]] == BEGUN && broker_may_store -> release_steps(k) }
  :: use[k] == FREE || ledger[slot_job[k]] != BEGUN
  fi
}

/* Dispatcher::forget_slot: recorded and acknowledged, only not free yet */
inline forget_slot(k) {
  if
  :: use[k] != FREE && state[slot_job[k]] != IN_SLOT -> revoke(k); release(k); ok = 0
  :: else
  fi
}

/* Recovery::finish. In no slot: it never started; its caller comes back with the whole submission. */
inline place_found(j) {
  if
  :: d_step { state[j] == FOUND -> ledger[j] = NONE; state[j] = READY }
  :: else
  fi
}

/* For the first broker all of this finds nothing. */
inline recover() {
  inherit_slot(0);
#if SLOTS > 1
  inherit_slot(1);
#endif
#if SLOTS > 2
  inherit_slot(2);
#endif
  d_step {
    position = rpos; recorded = rpos;
    i = 0;
    do
    :: i < JOBS -> state[i] = (ledger[i] == ENDED -> DONE : FOUND); i++
    :: else -> break
    od;
    i = 0
  };
#ifndef M_NO_BELL_AT_TAKEOVER
  ring_if_asleep(ALL_SLEEPERS, FOR_ANYTHING);
#endif
  take_over_slot(0);
#if SLOTS > 1
  take_over_slot(1);
#endif
#if SLOTS > 2
  take_over_slot(2);
#endif
  drain();
  forget_slot(0);
#if SLOTS > 1
  forget_slot(1);
#endif
#if SLOTS > 2
  forget_slot(2);
#endif
  place_found(0);
#if JOBS > 1
  place_found(1);
#endif
#if JOBS > 2
  place_found(2)
#endif
}

/* Each slot of a dead worker, after its ring was drained. */
inline judge_slot(k) {
  if
  :: use[k] != FREE ->
     revoke(k);
     if
     :: d_step { ok -> state[slot_job[k]] = READY; ok = 0 }
     :: d_step { !ok -> finish_steps(slot_job[k], INTERRUPTED) }
     fi
  :: else
  fi
}

inline bury() {
#ifndef M_JUDGE_BEFORE_DRAIN
  drain();
#endif
  judge_slot(0);
#if SLOTS > 1
  judge_slot(1);
#endif
#if SLOTS > 2
  judge_slot(2);
#endif
  /* The supervisor forgets the worker and starts another on fresh memory. */
  d_step {
    broker_fence ->
    i = 0;
    do
    :: i < SLOTS -> word[i] = 0; desc_sequence[i] = 0; desc_job[i] = 0; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < RING -> ring[i] = 0; i++
    :: else -> break
    od;
    forget_all_slots();
    bell = 0; sleeping = 0; rpos = 0; broker_sleeping = 0; wpos = 0; eventfd = 0;
    worker_is_dead = 0; ended_threads = 0; worker_alive = 1
  }
}
