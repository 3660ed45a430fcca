// What the submitter of a job asked for beside the work itself, and what it waits for. The same words in the protocol, the core, the
// ledger and the store. Plain values.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/shm/layout.hpp"

namespace jobpool::broker {

// apply: somebody waits for the end on the connection that submitted it. apply_async: collected later, or never.
enum class Mode : std::uint8_t { apply, apply_async };

struct JobFlags {
  bool detach : 1 = false;           // it outlives whoever waits for it: an apply's caller asked for that, or somebody just has its id
  bool has_descriptors : 1 = false;  // the caller's own streams: such a job is offered to idle workers only, and is never durable
  bool durable : 1 = false;          // in the store: accepted is committed, each start is recorded before it happens
  bool batch : 1 = false;            // a map: no worker runs it, it ends when its chunks have, the jobs that it comes after. Durable
};

struct Terms {
  shm::JobKind kind = shm::JobKind::function;
  uid_t uid = 0;
  std::int16_t priority = 0;  // higher first; equal ones take turns by submitter, then in order
  std::uint16_t retries = 0;  // further attempts after one that did not succeed
  Mode mode = Mode::apply;
  JobFlags flags;
  PoolNumber pool;                   // whose workers run it
  Microseconds grace{0};             // between TERM and KILL
  Microseconds timeout{0};           // of one attempt, from its START; 0: none
  Microseconds backoff{0};           // before the second attempt; doubles with each
  std::int64_t not_before_usec = 0;  // wall clock; 0: at once
};

// What is known of few jobs, and kept beside them.
struct JobNotes {
  JobId retry_of;           // it is this job once more; 0: it is not
  std::uint32_t items = 0;  // of a batch's chunk: how many items it has
  bool is_empty() const { return retry_of.value == 0 && items == 0; }
};

// A job that must have ended first.
struct Dependency {
  JobId job;
  enum class Needs : std::uint8_t { success, end, failure } needs = Needs::success;  // failure: an end that is no success
  // Where no record of it is left after a restart, it had ended as it must, and was removed or lost since. Either it is in the store as
  // well: had it ended otherwise, this one would have been skipped in the same commit. Or that was put down when it had.
  bool is_met_if_gone = false;
  std::uint16_t position = 0;  // of one that is waited for: its place among all that its job was submitted with
};
using Dependencies = std::vector<Dependency>;

// What one takes in memory while a job waits for it: a node in the index by which the one that ends finds those that wait (64, with what
// the allocator adds), and its place in the list of the one that waits.
inline constexpr std::size_t kDependencyBytes = 64 + sizeof(Dependency);

}  // namespace jobpool::broker
