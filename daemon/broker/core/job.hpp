// A job as the core knows it: facts and decisions, never bytes of a result, never a descriptor.
// Broker process, its one thread. Written by JobCore alone; everybody else reads it through `const Job*`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "common/shm/layout.hpp"
#include "daemon/broker/core/terms.hpp"

namespace jobpool::broker {

// What was asked of a job that is to end before its time.
enum class StopRequest : std::uint8_t { none, cancel };

struct Job {
  JobId id;
  JobState state = JobState::ready;
  Outcome outcome = Outcome::interrupted;  // meaningful when done
  Mode mode = Mode::apply;
  StopRequest stop = StopRequest::none;
  shm::JobKind kind = shm::JobKind::function;
  JobFlags flags;
  bool delivered = false;  // an apply whose caller has the answer
  bool offered = false;    // in a worker's slot; not yet known to have started while the state is ready
  std::uint32_t attempt = 0;
  Incarnation worker;          // while offered, and afterwards the one that ran it
  WorkerNumber worker_number;  // the same worker's place, for people
  uid_t uid = 0;
  Microseconds grace{0};
  TimePoint offered_at{};

  std::string payload;  // encoded JobSpec; empty when done
  std::string name, description, key;
  std::uint64_t spec_hash = 0;  // of the payload; compared when a key comes again

  std::int64_t submitted_usec = 0, started_usec = 0, ended_usec = 0;
  std::int32_t pid = 0;
  std::optional<int> exit_code, signal;
  std::int64_t user_usec = 0, system_usec = 0, max_rss_bytes = 0;
  std::string reason, error_type;
};

}  // namespace jobpool::broker
