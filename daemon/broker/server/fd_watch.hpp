// Calls back whenever a descriptor is readable, until destroyed. For eventfds and control sockets. Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>

#include "common/result.hpp"

namespace jobpool::broker {

class FdWatch {
 public:
  // Begins at once. The descriptor is borrowed: it must outlive this, is made non-blocking, and may have only one FdWatch. What the
  // callback leaves unread calls it again. The callback may destroy the FdWatch. A hang-up is readable too: then destroy it, or it
  // calls without end. Errors: io (no watches left, or a descriptor that cannot be watched).
  static Result<FdWatch> start(asio::io_context& io, int fd, std::function<void()> on_readable);

  FdWatch() = default;
  FdWatch(FdWatch&&) = default;
  FdWatch& operator=(FdWatch&& other) noexcept;
  ~FdWatch() { stop(); }
  void stop();

 private:
  struct State;
  explicit FdWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // shared with the wait under way
};

}  // namespace jobpool::broker
