// Messages with descriptors: sendmsg and recvmsg with SCM_RIGHTS, never blocking, never raising SIGPIPE. Used by every program.
#include "common/socket.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace jobpool {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(kMaxPassedFds * sizeof(int));

// Takes every descriptor of the message into ownership, whatever else is wrong with it: only then can none leak.
std::vector<UniqueFd> take_fds(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    fds.reserve(kMaxPassedFds);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

void put_fds(msghdr& header, std::span<const int> fds) {
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(control), fds.data(), fds.size_bytes());
}

// It is the receiver that must read first.
bool is_full(int number) { return number == EAGAIN || number == ENOBUFS; }

}  // namespace

Result<SocketPair> seqpacket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("socketpair");
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<void> send_message(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  if (fds.size() > kMaxPassedFds) return Error{Errc::invalid_argument, "send: too many descriptors for one message"};
  iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    put_fds(header, fds);
  }
  ssize_t sent;
  do sent = ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return is_full(errno) ? Error{Errc::full, "send: the socket is full"} : errno_error("send");
  // Only a stream socket can take a part; its users have their own loop over the rest, since the descriptors are gone already.
  if (static_cast<std::size_t>(sent) != bytes.size()) return Error{Errc::io, "send: only a part of the message was taken"};
  return {};
}

Result<Received> receive_message(int socket, std::span<std::byte> buffer) {
  iovec piece{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t size;
  do size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  if (size < 0) return errno == EAGAIN ? Error{Errc::full, "receive: nothing there"} : errno_error("receive");
  Received received{static_cast<std::size_t>(size), take_fds(header)};
  // The kernel closes what did not fit; what did fit is closed here, by leaving `received` or at once.
  if ((header.msg_flags & MSG_TRUNC) != 0) return Error{Errc::protocol, "receive: a message longer than any that is expected"};
  if ((header.msg_flags & MSG_CTRUNC) == 0) return received;
  // There was room for as many as a message may carry: where fewer came, it is this process that may have no more, not the peer that
  // sent too many.
  if (received.fds.size() >= kMaxPassedFds) return Error{Errc::protocol, "receive: more descriptors than one message may carry"};
  received.fds.clear();
  received.lost_fds = true;
  return received;
}

}  // namespace jobpool
