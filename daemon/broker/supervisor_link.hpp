// The broker's end of its conversation with the supervisor. Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <deque>
#include <functional>

#include "common/control/message.hpp"
#include "common/result.hpp"
#include "daemon/broker/server/fd_watch.hpp"
#include "daemon/broker/server/timer.hpp"

namespace jobpool::broker {

class SupervisorLink {
 public:
  struct Handlers {
    std::function<void(control::Envelope)> on_message;
    std::function<void()> on_hangup;  // the supervisor died: leave
  };

  // Errors: io. `io` must outlive this, and this its callbacks.
  SupervisorLink(asio::io_context& io, UniqueFd socket, Handlers handlers);
  Result<void> start();

  // In order, never blocks; what the socket does not take at once goes with the next turn, or a little later.
  void send(const control::Message& message);
  void flush();

 private:
  void on_readable();
  void try_again_soon();

  asio::io_context& io_;
  UniqueFd socket_;
  Handlers handlers_;
  FdWatch watch_;
  std::deque<control::Message> unsent_;
  Timer retry_;
  bool tries_again_ = false;
};

}  // namespace jobpool::broker
