/* The worker, each of its threads: common/shm/claim_side.cpp, ring_writer.cpp, doorbell.hpp (sleep_on_bell), daemon/worker/loop.cpp (run),
   threads.cpp (work), desk.cpp (serve_function).
   One d_step is one access to shared memory, with what the worker does privately around it. */

#if BUFFER > 0
#define FIRST_WORKER 2 /* its process number: StoreBuffers and Outside come before */
#else
#define FIRST_WORKER 1
#endif

/* A seq_cst read-modify-write, or (in a mutant) the plain store that it must not be. */
#ifdef M_PLAIN_SLEEPING
#define announce_sleep() d_step { worker_may_store -> worker_store(AT_SLEEPING, 1) }
#else
#define announce_sleep() d_step { worker_fence -> sleeping++ }
#endif
#define end_sleep() d_step { worker_fence -> sleeping--; heard = 0; is_news = 0 }

#ifdef M_PLAIN_WPOS
#define publish_wpos() worker_store(AT_WPOS, written)
#else
#define publish_wpos() worker_fence -> wpos = written
#endif

#define has_room (written + 1 - rpos <= RING)

/* FUTEX_WAIT on the bell: the kernel compares and enqueues in one step. */
inline futex_wait(reason) {
  d_step {
    if
#ifndef M_BELL_NOT_COMPARED
    :: bell != heard
#endif
    :: else -> asleep_for[me] = reason
    fi
  };
  asleep_for[me] == 0
}

/* The lock of RingWriter::write, where there are several writers. */
#if THREADS > 1 && !defined(M_NO_LOCK)
#define lock() d_step { waits_for_lock[me] = is_locked }; d_step { !is_locked -> is_locked = 1; waits_for_lock[me] = 0 }
#define unlock() is_locked = 0
#else
#define lock() skip
#define unlock() skip
#endif

/* RingWriter::write and wait_for_room */
inline write_frame(type) {
#if THREADS > 1
  lock();
#endif
  do
  :: d_step { has_room -> ring[written % RING] = pack(sequence_of(claimed), type); written++ };
     d_step {
       publish_wpos();
       if
       :: type == FIN -> is_committed[job] = 1; read_by_worker[me] = 0
       :: else
       fi;
       unlock()
     };
     break
  :: d_step { !has_room -> heard = bell };
     announce_sleep();
     if
     :: has_room
     :: else -> futex_wait(FOR_ROOM)
     fi;
     end_sleep()
  od
}

/* ClaimSide::read_words, one word of it, in try_claim */
inline look_at(k) {
  d_step {
    seen[k] = word[k];
    if
    :: state_of(seen[k]) == OFFERED && (best == SLOTS || seen[k] < seen[best % SLOTS]) -> best = k
    :: else
    fi
  }
}

/* Two threads multiply the states: each reads all words in one step, and remembers nothing but the best. One alone is looked at closely. */
#if THREADS > 1
inline look_at_all() {
  d_step {
    if
    :: state_of(word[0]) == OFFERED -> best = 0
    :: else
    fi;
#if SLOTS > 1
    if
    :: state_of(word[1]) == OFFERED && (best == SLOTS || word[1] < word[best % SLOTS]) -> best = 1
    :: else
    fi;
#endif
    if
    :: best < SLOTS -> seen[0] = word[best]
    :: else
    fi
  }
}
#define best_seen seen[0]
#else
#define best_seen seen[best]
#endif

/* The same, in wait(), after the sleep was announced */
inline look_again_at(k) {
  d_step {
    if
    :: word[k] != seen[k] || state_of(word[k]) == OFFERED -> is_news = 1
    :: else
    fi
  }
}

/* The CAS of try_claim. What the model knows better is checked here: an offer that was revoked is never taken, and none twice. */
inline claim_best() {
  d_step {
    best < SLOTS && worker_fence ->
    if
#ifdef M_CLAIM_WITHOUT_CAS
    :: true ->
#else
    :: word[best] == best_seen ->
#endif
       word[best] = pack(sequence_of(best_seen), CLAIMED);
       claimed = word[best]; best_seen = claimed;
       job = desc_job[best];
       assert(desc_sequence[best] == sequence_of(claimed));
       starts[job]++; is_claimed[job] = 1; read_by_worker[me] = best + 1;
       assert(starts[job] == 1);
       assert(!is_revoked[job])
#ifndef M_CLAIM_WITHOUT_CAS
    :: else
#endif
    fi;
#if THREADS > 1
    seen[0] = 0;
#endif
    best = SLOTS
  }
}

active [THREADS] proctype Worker() {
  byte seen[SLOTS];
  byte me = _pid - FIRST_WORKER;
  byte heard, claimed, job, parts, best = SLOTS;
  bit is_news;
again:
  {
    do
#if THREADS > 1
    :: look_at_all();
#else
    :: look_at(0);
#if SLOTS > 1
       look_at(1);
#endif
#if SLOTS > 2
       look_at(2);
#endif
#endif
       if
       :: claim_best();
          if
          :: claimed != 0 ->
#if STARTS
             write_frame(START);
#endif
             do
             :: parts < DATA ->
                parts++;
                write_frame(DATA_PART);
                if
                :: broker_sleeping -> eventfd = 1
                :: else
                fi
             :: break
             od;
             write_frame(FIN);
             if
             :: broker_sleeping -> d_step { eventfd = 1; claimed = 0; job = 0; parts = 0 }
             :: d_step { !broker_sleeping -> claimed = 0; job = 0; parts = 0 }
             fi
          :: else
          fi
       :: d_step { best == SLOTS ->
#ifndef M_BELL_HEARD_TOO_LATE
            heard = bell
#else
            skip
#endif
          };
          announce_sleep();
#if THREADS > 1
          d_step { is_news = (offered_words > 0) };
#elif !defined(M_NO_LOOK_AGAIN)
          look_again_at(0);
#if SLOTS > 1
          look_again_at(1);
#endif
#if SLOTS > 2
          look_again_at(2);
#endif
#endif
#ifdef M_BELL_HEARD_TOO_LATE
          heard = bell;
#endif
          if
          :: is_news
          :: else -> futex_wait(FOR_WORK)
          fi;
          end_sleep()
       fi
    od
  } unless { !worker_alive || finished };
  d_step {
    seen[0] = 0;
#if SLOTS > 1
    seen[1] = 0;
#endif
#if SLOTS > 2
    seen[2] = 0;
#endif
    heard = 0; claimed = 0; job = 0; parts = 0; best = SLOTS; is_news = 0;
    ended_threads++;
    worker_is_dead = (!finished && ended_threads == THREADS)
  };
end_dead:
  if
  :: !finished && worker_alive -> goto again
  :: finished /* told to leave */
  fi
}
