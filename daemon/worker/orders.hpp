// The worker's end of the orders socket: reads what has arrived, keeps descriptors until their job is claimed, and remembers to leave.
// Worker process, its one thread. Decides nothing about processes: the runners do.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "common/control/order.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {

class Orders {
 public:
  // `socket` must outlive this.
  explicit Orders(int socket) : socket_(socket) {}

  // Reads all that is there, without blocking. Errors: closed (the supervisor is gone: leave), io. A malformed order is logged and dropped.
  Result<void> drain();

  bool leave_asked() const { return leave_asked_; }

  // The next stop or signal order for the running job; those for any other sequence are dropped: it has ended, or never started here.
  std::optional<control::Order> next_for(Sequence running);

  // The descriptors of that sequence; nullopt: none have arrived.
  std::optional<std::vector<UniqueFd>> take_descriptors(Sequence sequence);

  // Waits for them, reading orders meanwhile: the broker may be between the offer and the sending. nullopt: none came in `patience`.
  std::optional<std::vector<UniqueFd>> wait_for_descriptors(Sequence sequence, std::chrono::milliseconds patience);

  // Closes kept descriptors whose sequence is stale: its offer was revoked, so somebody waits for the end of that stream.
  void close_stale(const std::function<bool(Sequence)>& is_stale);

  int socket() const { return socket_; }

 private:
  void take(control::OrderEnvelope envelope);

  int socket_;
  bool leave_asked_ = false;
  std::deque<control::Order> pending_;
  std::map<Sequence, std::vector<UniqueFd>> descriptors_;
};

}  // namespace jobpool::worker
