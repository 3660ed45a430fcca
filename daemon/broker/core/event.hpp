// What can happen to the core. Each is a value, so that a simulator can make, print and replay them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/job/report.hpp"
#include "daemon/broker/core/job.hpp"

namespace jobpool::broker {

// The moment of an event, in both clocks; the core reads neither itself.
struct Now {
  TimePoint steady;
  std::int64_t wall_usec = 0;
};

// Names the caller of a submission in its answer (Accepted or Refused).
using Token = Id<struct TokenTag>;

struct Submit {
  Token token;
  uid_t uid = 0;
  Mode mode = Mode::apply;
  shm::JobKind kind = shm::JobKind::function;
  JobFlags flags;
  Microseconds grace{0};
  std::string payload;
  std::string name, description, key;
  std::uint64_t spec_hash = 0;
};

struct WorkerJoined {
  Incarnation incarnation;
  WorkerNumber number;
};

// It is about to be killed, since it broke the queue's rules, or was told to leave when it has done what it has: nothing more for it.
// What it has in its slots then is judged at its death.
struct WorkerCondemned {
  Incarnation incarnation;
};

// `claimed`: its slots' words said so when they were judged, the job may have started; the others never did and never will.
struct WorkerLost {
  Incarnation incarnation;
  std::vector<JobId> unclaimed, claimed;
  int signal = 0;     // it died of, or
  int exit_code = 0;  // it left with
};

struct Started {
  JobId job;
  std::int32_t pid = 0;
  std::int64_t started_usec = 0;
};

struct Reported {
  JobId job;
  const Report* report = nullptr;  // valid during the call
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

// The caller of an apply has its answer, or is gone for good: the job may be forgotten.
struct Delivered {
  JobId job;
};

// From a dead broker: a job in a live (or just dead) worker's slot, or one that had ended.
struct Inherited {
  Job job;
  enum class Place { in_slot, revoked, ended } place = Place::ended;
};

struct Tick {};       // a deadline passed, or 100 ms did while work is in flight
struct EndOfTurn {};  // all events of the turn were told: now hand out work
struct Drain {};      // no new jobs; ready ones are cancelled; Drained follows when nothing runs
struct StopAll {};    // as Drain, and running ones are stopped at once

using Event = std::variant<Submit, WorkerJoined, WorkerCondemned, WorkerLost, Started, Reported, Revoked, OfferFailed, Cancel, Delivered,
                           Inherited, Tick, EndOfTurn, Drain, StopAll>;

}  // namespace jobpool::broker
