// A job as the core knows it: facts and decisions, never bytes of a result, never a descriptor.
// Broker process, its one thread. Written by JobCore alone; everybody else reads it through `const Job*`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "common/shared_text.hpp"
#include "daemon/broker/core/attempt.hpp"
#include "daemon/broker/core/terms.hpp"

namespace jobpool::broker {

// Why a job is to end before its time; a later one overrides an earlier one. shutdown: the daemon goes down.
enum class StopRequest : std::uint8_t { none, timeout, shutdown, cancel };

// What a waiting job waits for, in this order.
enum class WaitsFor : std::uint8_t { nothing, dependencies, time, retry };

// A million of them are kept: the order of the members leaves no gaps, see the size below.
struct Job : Terms {
  JobId id;
  JobState state = JobState::ready;
  Outcome outcome = Outcome::interrupted;  // meaningful when done
  StopRequest stop = StopRequest::none;
  WaitsFor waits_for = WaitsFor::nothing;  // meaningful when waiting
  bool settled = false;                    // done, and the outcome is where it survives: from now on it may be told
  bool to_be_killed = false;               // running; with its worker, and what that is called is the signal's
  bool delivered = false;                  // an apply whose caller has the answer
  bool offered = false;                    // in a worker's slot; not yet known to have started while the state is ready
  bool attempt_open = false;               // `attempt` was given to an offer (and recorded, for a durable job) and has not ended
  bool named_by_durable = false;           // a durable job comes after it, or did: what its end means to that may not be on disk yet
  std::uint8_t workers_killed = 0;         // attempts that took their worker along
  std::uint32_t attempt = 0;               // the number of the current attempt, else of the last that ended
  Incarnation worker;                      // while offered, and afterwards the one that ran it
  WorkerNumber worker_number;              // the same worker's place, for people
  std::int32_t pid = 0;                    // there; 0: not known
  TimePoint offered_at{};
  TimePoint due = TimePoint::max();  // its one timer: waiting: its retry; running: its time is up; being stopped: its worker is killed

  SharedText payload;  // encoded JobSpec; empty when done
  SharedText name, description, key;
  std::uint64_t spec_hash = 0;  // of the payload; compared when a key comes again

  // Of the current or last attempt, but for the first.
  std::int64_t submitted_usec = 0, started_usec = 0, ended_usec = 0;
  std::optional<int> exit_code, signal;
  std::int64_t user_usec = 0, system_usec = 0, max_rss_bytes = 0;
  std::int64_t ready_usec = 0;    // as Attempt's; of a job that is ready: of the attempt to come
  std::int64_t blocked_usec = 0;  // of the time that all its attempts ran: it waited at queues, as far as this broker knows
  SharedText reason, error_type;

  std::vector<Attempt> earlier;  // attempts before it, ascending; of very many the first and the last
};
static_assert(sizeof(Job) <= 264);  // 272 with what the allocator adds

// Of a job that is tried again ten thousand times: the first attempts tell how it began to fail, and the last how it does now. What is
// between them is in the store alone.
inline constexpr std::size_t kMostEarlier = 200;
void drop_middle_attempts(Job& job);

// The error_type of a function whose result there was no room for.
inline constexpr std::string_view kResultLost = "ResultLost";
// It has ended, and its result was let go since. Of one that succeeded this is all that its reason says.
void note_lost_result(Job& job);
inline bool has_lost_result(const Job& job) { return job.outcome == Outcome::succeeded && job.error_type == kResultLost; }

// A command that is known to be claimed, and no more: its worker has not said yet that its process and its output files are there.
inline bool awaits_start(const Job& job) { return job.state == JobState::running && job.kind == shm::JobKind::command && job.pid == 0; }

// The current or last attempt as a value, its outcome left open.
Attempt attempt_of(const Job& job);
// Its worker died of it, by the words that JobCore has put down then: not the daemon's end, nor the host's.
bool took_worker_along(const Attempt& attempt);
// `attempt` becomes the current one again, as when it ended.
void restore_attempt(Job& job, const Attempt& attempt);

}  // namespace jobpool::broker
