// Accepts connections of one listening socket, in batches, and hands them on with their peer's credentials. Does not judge them.
// Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>

#include "common/unique_fd.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/server/asio_types.hpp"
#include "daemon/broker/server/complaints.hpp"

namespace jobpool::broker {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using OnConnection = std::function<void(UniqueFd, const Peer&)>;

  // `io` must outlive this; `on_connection` is not called after close().
  Listener(asio::io_context& io, OnConnection on_connection);

  // `socket` listens already. Requires: owned by a shared_ptr; called once. Errors: io.
  Result<void> start(UniqueFd socket);
  void close();

 private:
  enum class Accepted { batch, no_descriptors, failed };

  Awaitable run(std::shared_ptr<Listener> self);
  Accepted accept_batch();

  OnConnection on_connection_;
  Descriptor socket_;
  SteadyTimer pause_;
  Complaints complaints_;  // about a lack of descriptors, which each pause finds again
};

}  // namespace jobpool::broker
