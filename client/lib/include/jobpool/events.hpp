// What happens in the daemon, as a stream: each change of a job's state, of pools and of workers. One thread at a time; move-only.
//
//   for (auto events = client.events(); auto event = events.next();)
//     if (event->outcome == "failed") …
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobpool/export.hpp"

namespace jobpool {
namespace client {
class Connections;
class RecoveringCall;
}  // namespace client

// What fits; by itself, everything.
struct EventFilter {
  std::vector<std::uint64_t> jobs = {};
  std::string pool = {};
};

// Fields that do not apply are absent, or empty. As org.jobpool.Pool.Event, where each is explained.
struct Event {
  std::string kind;                   // job, pool, worker; missed: so many came faster than they were read
  std::chrono::microseconds time{0};  // since 1970
  std::optional<std::uint64_t> job;
  std::string pool, state, outcome, reason, error_type, waiting_for;
  std::optional<int> attempt, pid, exit_code, signal;
  std::optional<unsigned> worker;
  std::uint64_t missed = 0;
};

class JOBPOOL_EXPORT EventStream {
 public:
  EventStream(EventStream&&) noexcept;
  EventStream& operator=(EventStream&&) noexcept;
  ~EventStream();

  // The next one; nullopt: the daemon ended. Errors: TimeoutError: none came in time, and the stream goes on; Interrupted: the broker died,
  // and what has happened since is not known. After that, or another error, the stream is over: Interrupted each time.
  std::optional<Event> next(std::optional<std::chrono::microseconds> timeout = {});

 private:
  friend class Client;
  EventStream(std::shared_ptr<client::Connections> connections, const EventFilter& filter);

  std::shared_ptr<client::Connections> connections_;
  std::unique_ptr<client::RecoveringCall> call_;
  bool has_ended_ = false;
};

}  // namespace jobpool
