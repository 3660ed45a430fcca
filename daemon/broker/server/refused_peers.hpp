// Peers that may not connect: the end of the first call is awaited, then the peer is told PermissionDenied and closed. Nothing else of
// what it says is looked at, and its descriptors are never taken. Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "common/unique_fd.hpp"

namespace jobpool::broker {

class RefusedPeers {
 public:
  // `io` must outlive this. More than `most` at a time are closed without a word.
  RefusedPeers(asio::io_context& io, std::size_t most);
  RefusedPeers(const RefusedPeers&) = delete;
  RefusedPeers& operator=(const RefusedPeers&) = delete;
  ~RefusedPeers() { close_all(); }

  void refuse(UniqueFd socket);
  void close_all();

 private:
  struct Open;  // those that are still to be answered; shared with their coroutines
  asio::io_context& io_;
  const std::size_t most_;
  std::shared_ptr<Open> open_;
};

}  // namespace jobpool::broker
