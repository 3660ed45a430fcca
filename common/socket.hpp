// Messages with file descriptors over Unix sockets. All received descriptors are close-on-exec and owned at once, so none can leak.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool {

inline constexpr std::size_t kMaxPassedFds = 16;  // in one message; more than that is refused by the receiver (they are closed)

// A pair of SOCK_SEQPACKET ends, close-on-exec. Errors: io.
struct SocketPair {
  UniqueFd first, second;
};
Result<SocketPair> seqpacket_pair();

// Sends one whole message. Errors: closed (the peer is gone), full (it would block), io: the kernel refuses it at present, though the
// socket has room, for want of memory, or since as many descriptors of this user, in all processes, are on their way as this one may have
// open (ETOOMANYREFS; root is exempt). That is no fault of the peer's, and nothing tells when it is over.
Result<void> send_message(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {});

struct Received {
  std::size_t size = 0;  // 0 on a sequenced-packet or stream socket: end of input
  std::vector<UniqueFd> fds;
  bool lost_fds = false;  // some came, and this process may not have so many open: all of them are closed. Its bytes are whole
};
// Receives into `buffer` without blocking. Errors: full (nothing there), closed, io, protocol (truncated message or too many descriptors).
Result<Received> receive_message(int socket, std::span<std::byte> buffer);

}  // namespace jobpool
