// All sessions of the broker and what they share: the read buffer, recycled buffers, limits, and the list of those with something to send.
// Owned by Server; broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/server/free_list.hpp"
#include "daemon/broker/server/inbox.hpp"
#include "daemon/broker/server/limits.hpp"
#include "daemon/broker/server/outbox.hpp"
#include "daemon/broker/server/timer.hpp"

namespace jobpool::broker {

class Session;

class SessionTable {
 public:
  // `io` and `handler` must outlive this. `on_end` is told of each session that ended by itself.
  SessionTable(asio::io_context& io, CallHandler& handler, const Limits& limits, std::function<void(const Peer&)> on_end);
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;
  ~SessionTable();

  void start(UniqueFd socket, const Peer& peer);
  std::size_t size() const { return sessions_.size(); }

  // Sends what the sessions gathered: each once. What callbacks of this add is left for the next turn: has_unsent().
  void flush();
  bool has_unsent() const { return !unsent_.empty(); }

  // Closes all, telling no handler: the daemon ends, which cancels nothing.
  void close_all();

  // For sessions:
  CallHandler& handler() { return handler_; }
  bool is_turn_full() const { return handler_.is_turn_full(); }
  const Limits& limits() const { return limits_; }
  std::span<std::byte> read_buffer() { return read_buffer_; }
  FreeList<Inbox>& inboxes() { return inboxes_; }
  FreeList<Outbox>& outboxes() { return outboxes_; }
  void will_send(Session& session);
  void will_send_soon(Session& session);  // at the latest after Limits::unhurried
  // The session's buffered input changed. May close the session that holds most, also this one.
  void account_input(std::size_t before, std::size_t after);
  void remove(Session& session);

 private:
  void close_largest();

  asio::io_context& io_;
  CallHandler& handler_;
  const Limits limits_;
  const std::function<void(const Peer&)> on_end_;
  std::vector<std::byte> read_buffer_;
  FreeList<Inbox> inboxes_{kKeptBuffers};
  FreeList<Outbox> outboxes_{kKeptBuffers};
  std::vector<std::shared_ptr<Session>> sessions_;  // each knows its place
  std::vector<std::shared_ptr<Session>> unsent_, flushing_;
  std::vector<std::weak_ptr<Session>> lingering_;
  Timer lingered_;  // set while there are any
  std::size_t buffered_input_ = 0;
};

}  // namespace jobpool::broker
