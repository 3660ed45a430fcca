// The worker's end of the orders socket: reads what has arrived, keeps descriptors until their job is claimed, and remembers to leave.
// Worker process. With one thread, that reads the socket when it asks; with several, the main thread reads it for all (`share`), and each
// finds what is for its job. Decides nothing about processes: the runners do.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "common/clock.hpp"
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

  bool leave_asked() const { return leave_asked_.load(std::memory_order_seq_cst); }

  // The next stop or signal order for the running job; those for any other sequence are dropped: it has ended, or never started here.
  // Where several run, those are kept for the others.
  std::optional<control::Order> next_for(Sequence running);

  // ---- several threads. From here on one of them drains, which wakes the others where there is news for them.
  void share() { is_shared_ = true; }
  bool is_shared() const { return is_shared_; }
  // Looks for orders: reads the socket, or what was read for all. Errors: as drain().
  Result<void> look();
  // Until there is an order for that job, at most until then; also returns early.
  void wait_for(Sequence running, TimePoint until);
  // It has ended: what was still meant for it is dropped.
  void forget(Sequence ended);
  // As if somebody had asked this worker to leave.
  void ask_to_leave() { leave_asked_.exchange(true, std::memory_order_seq_cst); }

  // The descriptors of that sequence; nullopt: none have arrived.
  std::optional<std::vector<UniqueFd>> take_descriptors(Sequence sequence);

  // Waits for them, reading orders meanwhile: the broker may be between the offer and the sending. nullopt: none came in `patience`.
  std::optional<std::vector<UniqueFd>> wait_for_descriptors(Sequence sequence, std::chrono::milliseconds patience);

  // Closes kept descriptors whose sequence is stale: its offer was revoked, so somebody waits for the end of that stream.
  void close_stale(const std::function<bool(Sequence)>& is_stale);

  int socket() const { return socket_; }

 private:
  Result<void> read();
  void take(control::OrderEnvelope envelope);
  std::unique_lock<std::mutex> turn();
  std::optional<control::Order> take_for(Sequence running);

  int socket_;
  bool is_shared_ = false;  // set before there are other threads
  std::atomic<bool> leave_asked_ = false;
  std::mutex guard_;              // where shared: of all below
  std::condition_variable news_;  // likewise
  bool is_closed_ = false;
  std::deque<control::Order> pending_;
  std::map<Sequence, std::vector<UniqueFd>> descriptors_;
};

}  // namespace jobpool::worker
