// Messages to the broker, in order, without ever waiting for it: what its socket does not take now is kept. jobpoold.
#pragma once

#include <cstddef>
#include <deque>
#include <span>

#include "common/clock.hpp"
#include "common/control/message.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

class Outbox {
 public:
  // Every worker of the largest house starting and dying several times; a broker so far behind reads no more.
  static constexpr std::size_t kMaxWaiting = 32768;

  // Sends, or keeps a copy with duplicates of the descriptors; also what the kernel refuses at present, which is not the broker's fault.
  // Errors: closed, invalid_argument, io (of duplicating), full: kMaxWaiting are kept.
  Result<void> put(int socket, const control::Message& message, std::span<const int> fds = {});

  // Sends what is kept until the socket is full, or the kernel refuses it. Errors: closed, invalid_argument.
  Result<void> flush(int socket);

  bool is_empty() const { return waiting_.empty(); }
  // The last attempt, by the kernel: the socket has room, so that nothing tells when to try again.
  bool was_refused() const { return was_refused_; }
  // How many messages were sent, ever: a number that stands still while the box is not empty means a broker that does not read.
  std::size_t sent() const { return sent_; }

 private:
  std::deque<control::Envelope> waiting_;
  std::size_t sent_ = 0;
  bool was_refused_ = false;
};

}  // namespace jobpool::supervisor
