// Who listens to events, and what each of them is told. A listener that reads too slowly is told how many it has missed: nothing is kept
// for it but that number, beside what its socket's buffer (unsent_stream_bytes) holds. Nobody listens: nothing is done. Broker process, its
// one thread; owned by the verbs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "daemon/broker/rpc/call.hpp"
#include "proto/event_messages.hpp"

namespace jobpool::broker {

class EventFeed {
 public:
  // Each of them costs every event its time.
  static constexpr std::size_t kMostListeners = 64;

  bool is_listened_to() const { return !listeners_.empty(); }
  bool is_full() const { return listeners_.size() >= kMostListeners; }
  std::size_t listeners() const { return listeners_.size(); }

  // Requires: called with `more`, and !is_full(). Until the connection is gone.
  void add(const std::shared_ptr<Call>& call, proto::EventsRequest request, std::int64_t now_usec);
  void tell(const proto::Event& event);
  // The daemon ends: so do the streams.
  void end();

 private:
  struct Listener {
    std::shared_ptr<Call> call;
    std::unordered_set<JobId> jobs;  // none: all
    std::optional<std::string> pool;
    bool is_slow = false;  // nothing is told until what it has is read
    std::int64_t missed = 0, missed_until_usec = 0;

    bool wants(const proto::Event& event) const;
  };
  static void go_on(Listener& listener);

  std::map<std::uint64_t, Listener> listeners_;
  std::uint64_t last_ = 0;
};

}  // namespace jobpool::broker
