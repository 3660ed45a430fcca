/* The worker: common/shm/claim_side.cpp, ring_writer.cpp, doorbell.hpp (sleep_on_bell), daemon/worker/loop.cpp (run, serve_function).
   One d_step is one access to shared memory, with what the worker does privately around it. */

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
inline futex_wait() {
  d_step {
    if
#ifndef M_BELL_NOT_COMPARED
    :: bell != heard
#endif
    :: else -> asleep = 1
    fi
  };
  !asleep
}

/* RingWriter::write and wait_for_room */
inline write_frame(type) {
  do
  :: d_step { has_room -> ring[written % RING] = pack(sequence_of(claimed), type); written++ };
     d_step {
       publish_wpos();
       if
       :: type == FIN -> is_committed[job] = 1; read_by_worker = 0
       :: else
       fi
     };
     break
  :: d_step { !has_room -> heard = bell };
     announce_sleep();
     if
     :: has_room
     :: else -> futex_wait()
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
    :: word[best] == seen[best] ->
#endif
       word[best] = pack(sequence_of(seen[best]), CLAIMED);
       claimed = word[best]; seen[best] = claimed;
       job = desc_job[best];
       assert(desc_sequence[best] == sequence_of(claimed));
       starts[job]++; is_claimed[job] = 1; read_by_worker = best + 1;
       assert(starts[job] == 1);
       assert(!is_revoked[job])
#ifndef M_CLAIM_WITHOUT_CAS
    :: else
#endif
    fi;
    best = SLOTS
  }
}

active proctype Worker() {
  byte seen[SLOTS];
  byte heard, written, claimed, job, parts, best = SLOTS;
  bit is_news;
again:
  {
    do
    :: look_at(0);
#if SLOTS > 1
       look_at(1);
#endif
#if SLOTS > 2
       look_at(2);
#endif
       if
       :: claim_best();
          if
          :: claimed != 0 ->
             write_frame(START);
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
#ifndef M_NO_LOOK_AGAIN
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
          :: else -> futex_wait()
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
    heard = 0; written = 0; claimed = 0; job = 0; parts = 0; best = SLOTS; is_news = 0;
    worker_is_dead = !finished
  };
end_dead:
  if
  :: !finished && worker_alive -> goto again
  :: finished /* told to leave */
  fi
}
