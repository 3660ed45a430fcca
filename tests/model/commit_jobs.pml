/* What the broker does for one job, one worker and one caller. The broker has one thread: each d_step is its alone. */

#ifdef M_START_BEFORE_COMMIT
#define may_be_offered(j) true
#else
#define may_be_offered(j) (!is_durable(key[j]) || (stored[j].attempts == now[j].attempts && !stored[j].attempt_ended))
#endif

#define wants_worker(j)                                                                          \
  (broker_is_up && now[j].used && now[j].outcome == 0 && now[j].attempts > 0 && !now[j].attempt_ended && \
   !is_in_slot(j) && may_be_offered(j))

/* Ledger::begin for what is not in the store, then the offer. */
inline offer(j, w) {
  d_step {
    wants_worker(j) && slot_state[w] == EMPTY && !worker_is_dead[w] ->
    if
    :: !is_durable(key[j]) -> ledger[j] = BEGUN
    :: else
    fi;
    slot_state[w] = OFFERED; slot_job[w] = j; slot_attempt[w] = now[j].attempts
  }
}

proctype Job(byte j) {
end:
  do
  :: d_step { /* the AttemptRecord: in the transaction of the acceptance, or a later one */
       broker_is_up && now[j].used && now[j].outcome == 0 && (now[j].attempts == 0 || now[j].attempt_ended) ->
       now[j].attempts++; now[j].instance = instance; now[j].attempt_ended = 0;
       is_dirty[j] = is_durable(key[j])
     }
  :: offer(j, 0)
#if WORKERS > 1
  :: offer(j, 1)
#endif
  od
}

/* The end of what slot w reports or lost. Durable: the slot stays until that is committed. */
#define is_awaited(w) (now[slot_job[w]].used && is_current(w, slot_job[w]) && !now[slot_job[w]].attempt_ended)
#define is_recorded(w) \
  (stored[slot_job[w]].attempts > slot_attempt[w] || (stored[slot_job[w]].attempts == slot_attempt[w] && stored[slot_job[w]].attempt_ended))
#ifdef M_SLOT_FREED_BEFORE_COMMIT
#define may_be_freed(w) (slot_state[w] == REPORTED)
#else
#define may_be_freed(w) (slot_state[w] == REPORTED && is_recorded(w))
#endif
#ifdef M_WORKER_FORGOTTEN_BEFORE_COMMIT
#define may_be_forgotten(w) (worker_is_dead[w] && slot_state[w] == CLAIMED)
#else
#define may_be_forgotten(w) (worker_is_dead[w] && slot_state[w] == CLAIMED && is_recorded(w))
#endif

inline take_report(w) {
  d_step {
    broker_is_up && slot_state[w] == REPORTED && is_awaited(w) ->
    now[slot_job[w]].attempt_ended = 1; now[slot_job[w]].outcome = SUCCEEDED;
    record_end(w)
  }
}

inline record_end(w) {
  if
  :: is_durable(key[slot_job[w]]) -> is_dirty[slot_job[w]] = 1
  :: else ->
#ifndef M_OUTCOME_NOT_IN_LEDGER
     ledger[slot_job[w]] = ENDED; ledger_outcome[slot_job[w]] = now[slot_job[w]].outcome;
#endif
     empty_slot(w)
  fi
}

proctype Worker(byte w) {
  byte deaths = WORKER_DEATHS, revokes = REVOKES;
end:
  do
  :: d_step {
       slot_state[w] == OFFERED && !worker_is_dead[w] ->
       slot_state[w] = CLAIMED;
       /* Started at most once per recorded attempt, and never more often than the submitter asked. */
       assert((starts[slot_job[w]] & (1 << slot_attempt[w])) == 0);
       starts[slot_job[w]] = starts[slot_job[w]] | (1 << slot_attempt[w]);
       assert(!is_durable(key[slot_job[w]]) || stored[slot_job[w]].attempts >= slot_attempt[w]);
       starts_of_key[key[slot_job[w]]]++;
       assert(starts_of_key[key[slot_job[w]]] <= (is_durable(key[slot_job[w]]) -> ATTEMPTS : 1))
     }
  :: d_step { slot_state[w] == CLAIMED && !worker_is_dead[w] -> slot_state[w] = REPORTED }
  :: d_step { deaths > 0 && slot_state[w] != EMPTY && !worker_is_dead[w] -> deaths--; worker_is_dead[w] = 1 }
  :: d_step { revokes > 0 && broker_is_up && slot_state[w] == OFFERED -> revokes--; empty_slot(w) }
  :: take_report(w)
  :: d_step { broker_is_up && worker_is_dead[w] && slot_state[w] == OFFERED -> empty_slot(w) }
  :: d_step {
       broker_is_up && worker_is_dead[w] && slot_state[w] == CLAIMED && is_awaited(w) ->
       /* No attempt is spent that did not start. */
       assert((starts[slot_job[w]] & (1 << now[slot_job[w]].attempts)) != 0);
       if
       :: is_durable(key[slot_job[w]]) -> end_without_report(slot_job[w])
       :: else -> now[slot_job[w]].attempt_ended = 1; now[slot_job[w]].outcome = INTERRUPTED
       fi;
       record_end(w)
     }
  :: d_step { /* release; or the supervisor forgets a dead worker's segment */
       broker_is_up && !is_awaited(w) && (may_be_freed(w) || may_be_forgotten(w)) ->
       empty_slot(w)
     }
  :: d_step { broker_is_up && worker_is_dead[w] && slot_state[w] == EMPTY -> worker_is_dead[w] = 0 }
  od
}

#ifdef M_KEYS_DIE_WITH_BROKER
#define is_known(j, c) (now[j].used && key[j] == key_of(c) && born_in[j] == epoch)
#else
#define is_known(j, c) (now[j].used && key[j] == key_of(c))
#endif
#define is_place_free(j) (!now[j].used && !stored[j].used && !is_in_batch[j] && ledger[j] == NONE && starts[j] == 0)

/* "Accepted" leaves when the commit of the JobRecord is done, also to who submits the same key meanwhile. */
#if defined(M_REPLY_BEFORE_COMMIT)
#define may_be_answered (now[job].used)
#elif defined(M_ANSWER_SECOND_BEFORE_COMMIT)
#define may_be_answered (stored[job].used || was_known)
#else
#define may_be_answered (stored[job].used)
#endif
#ifdef M_TELL_BEFORE_COMMIT
#define may_be_told (now[job].outcome != 0)
#else
#define may_be_told (now[job].outcome != 0 && (!is_durable(key_of(c)) || stored[job].outcome != 0))
#endif

/* The library: while the instance is the same, or the job is durable, its key finds it again. Never blindly run again otherwise. */
#ifdef M_RESUBMIT_TO_ANOTHER_INSTANCE
#define may_submit (!has_asked || epoch != asked)
#else
#define may_submit (!has_asked || (epoch != asked && (is_durable(key_of(c)) || instance == first_instance)))
#endif

proctype Caller(byte c) {
  byte job, asked, first_instance;
  bit has_asked, is_accepted, was_known;
  do
  :: d_step {
       broker_is_up && may_submit ->
       asked = epoch;
       if
       :: !has_asked -> has_asked = 1; first_instance = instance
       :: else
       fi;
       job = 0; was_known = 1;
       do
       :: job < JOBS && !is_known(job, c) -> job++
       :: else -> break
       od;
       if
       :: job == JOBS ->
          assert(!is_accepted); /* what was accepted is still there, under its key */
          job = 0; was_known = 0;
          do
          :: !is_place_free(job) -> job++; assert(job < JOBS)
          :: else -> break
          od;
          now[job].used = 1; key[job] = key_of(c); born_in[job] = epoch;
          is_dirty[job] = is_durable(key_of(c))
       :: else
       fi
     }
  :: d_step {
       broker_is_up && has_asked && epoch == asked && is_durable(key_of(c)) && !is_accepted && may_be_answered ->
       assert(stored[job].used);
       is_accepted = 1
     }
  :: d_step {
       broker_is_up && has_asked && epoch == asked && may_be_told ->
       assert(told[job] == 0 || told[job] == now[job].outcome);
       told[job] = now[job].outcome;
       callers_left--
     } -> break
  :: d_step { has_asked && epoch != asked && !may_submit -> callers_left--; job = JOBS } -> break /* its library says: interrupted */
  od;
end:
  /* Whoever asks for a durable job's outcome later, of whichever broker, hears the same. */
  do
  :: d_step {
       broker_is_up && job < JOBS && is_durable(key_of(c)) ->
       assert(now[job].used && now[job].outcome == told[job])
     }
  od
}
