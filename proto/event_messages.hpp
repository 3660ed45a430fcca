// Events: the stream of what happens to jobs, pools and workers, as C++ types. Reading and writing as in messages.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

enum class EventKind : std::uint8_t { listening, job, pool, worker, missed };
std::string_view to_string(EventKind kind);
std::optional<EventKind> event_kind_from(std::string_view name);

struct Event {
  EventKind kind = EventKind::job;
  std::int64_t usec = 0;  // wall clock
  std::optional<JobId> job;
  std::string pool;   // empty: none
  std::string state;  // of what changed: a job's, a pool's, a worker's; empty: none
  std::optional<int> attempt;
  std::optional<std::uint32_t> worker;
  std::optional<int> pid;
  std::optional<Outcome> outcome;
  std::optional<int> exit_code, signal;
  std::string reason, error_type, waiting_for;
  std::optional<std::int64_t> missed;
};

struct EventsRequest {
  std::vector<JobId> ids;  // none: all jobs, pools and workers
  std::optional<std::string> pool;
};
Result<EventsRequest> read_events(JsonText parameters);
std::string write_events(const EventsRequest& request);

std::string write_event(const Event& event);  // {"event": {…}}
Result<Event> read_event(JsonText parameters);

}  // namespace jobpool::proto
