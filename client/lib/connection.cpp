// Blocking socket, non-blocking system calls. An answer is waited for in poll: whoever sleeps in recvmsg is woken as well when the other
// end has read, for there is room to write then.
#include "client/lib/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/socket.hpp"
#include "proto/json_string.hpp"

namespace jobpool::client {
namespace {

constexpr std::chrono::milliseconds kCrowdedPause{5};
constexpr std::size_t kReadBytes = 64 * 1024;  // of one receive: a common reply in one; the rest of a large one goes to its place at once
constexpr std::size_t kMostSentBytes = proto::kMaxMessageBytes + 1;  // of a message with its NUL

Error too_large() {
  const std::string most = std::to_string(proto::kMaxMessageBytes >> 20);
  return Error{Errc::invalid_argument, "the call is too large: as it is written in JSON it may have " + most + " MiB"};
}

// Waits for one of `events`; which came. Errors: timed_out, io.
Result<short> wait_for(int fd, short events, TimePoint deadline) {
  for (;;) {
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, poll_timeout(deadline));
    if (ready > 0) return entry.revents;
    if (ready == 0 && Clock::now() >= deadline) return Error{Errc::timed_out, "no answer from the daemon in time"};
    if (ready < 0 && errno != EINTR) return errno_error("poll");
  }
}

// As many descriptors of this user, in all processes, are on their way as this one may have open: nothing tells when others have been
// taken. What the daemon says meanwhile, be it that it closes, ends the pause. Errors: timed_out, io.
Result<short> pause_before_descriptors(int fd, TimePoint deadline) {
  const Result<short> ready = wait_for(fd, POLLIN, std::min(deadline, Clock::now() + kCrowdedPause));
  if (ready || ready.error().code != Errc::timed_out) return ready;
  if (Clock::now() < deadline) return short{0};
  return Error{Errc::timed_out, "too many descriptors are on their way to pass more to the daemon in time"};
}

// A connect waits only while the listener's queue is full; SO_SNDTIMEO bounds that.
void bound_connect(int socket, TimePoint deadline) {
  if (deadline == kNever) return;
  const auto left = std::max(std::chrono::duration_cast<Microseconds>(deadline - Clock::now()), Microseconds{1});
  const timeval limit{static_cast<time_t>(left.count() / 1'000'000), static_cast<suseconds_t>(left.count() % 1'000'000)};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// Room for the descriptors of one message. Not zeroed beyond the header: the kernel reads only what msg_controllen says.
struct ControlBuffer {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPassedFds)> bytes;
};

void attach(msghdr& message, ControlBuffer& control, std::span<const int> fds) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

void collect(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

int poll_timeout(TimePoint deadline) {
  if (deadline == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));  // 11 days, then the caller's loop asks again
}

Result<Connection> Connection::open(const std::string& path, TimePoint deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Error{Errc::invalid_argument,
                 "socket '" + path + "': the path must have 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes"};
  std::memcpy(address.sun_path, path.data(), path.size());

  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket) return errno_error("socket");
  bound_connect(socket.get(), deadline);
  for (;;) {
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return Connection{std::move(socket)};
    if (errno == EAGAIN) return Error{Errc::timed_out, "connect to " + path + ": the daemon accepts nobody"};
    if (errno != EINTR) return errno_error("connect to " + path);
  }
}

Result<void> Connection::send_pieces(std::string_view first, std::string_view second, std::span<const int> fds, TimePoint deadline) {
  if (fds.size() > kMaxPassedFds)
    return Error{Errc::invalid_argument, "more than " + std::to_string(kMaxPassedFds) + " descriptors in one message"};
  ControlBuffer control;
  while (!first.empty() || !second.empty()) {
    iovec pieces[] = {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}};
    msghdr header{};
    header.msg_iov = pieces;
    header.msg_iovlen = second.empty() ? 1 : 2;
    if (!fds.empty()) attach(header, control, fds);
    const ssize_t sent = ::sendmsg(fd(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      const std::size_t of_first = std::min(static_cast<std::size_t>(sent), first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<std::size_t>(sent) - of_first);
      fds = {};  // they went with the first byte
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != ETOOMANYREFS) return errno_error("send to the daemon");
    const Result<short> ready = errno == EAGAIN ? wait_for(fd(), POLLOUT | POLLIN, deadline) : pause_before_descriptors(fd(), deadline);
    if (!ready) return ready.error();
    // Of several calls in one message the first are answered meanwhile, and a daemon whose answers nobody reads reads nothing either.
    if ((*ready & POLLOUT) == 0 && *ready != 0)
      if (auto more = read_now(); !more) return more.error();
  }
  return {};
}

Result<void> Connection::send(std::string_view message, std::span<const int> fds, TimePoint deadline) {
  if (message.size() > kMostSentBytes) return too_large();
  return send_pieces(message, {}, fds, deadline);
}

Result<void> Connection::send(const Message& message, std::span<const int> fds, TimePoint deadline) {
  const std::string_view text = message.text;
  if (text.size() + message.arguments.size() > kMostSentBytes) return too_large();  // they are not shorter when they are escaped
  std::size_t bytes = 0;
  const auto send_counted = [&](std::string_view first, std::string_view second) -> Result<void> {
    bytes += first.size() + second.size();
    if (bytes > kMostSentBytes) return too_large();
    return send_pieces(first, second, std::exchange(fds, {}), deadline);
  };
  std::string rest{text.substr(0, message.arguments_at)};
  Result<void> sent;
  proto::append_json_pieces(rest, message.arguments, [&](std::string& out, std::string_view run) {
    if (sent) sent = send_counted(out, run);
    out.clear();
  });
  return sent ? send_counted(rest, text.substr(message.arguments_at)) : sent;
}

Result<std::optional<Reply>> Connection::take_reply() {
  const std::optional<std::string_view> message = decoder_.next();
  if (!message) return std::optional<Reply>{};
  Result<proto::ReplyEnvelope> envelope = proto::read_reply(*message, decoder_.runs());
  if (!envelope) return envelope.error();
  std::optional<ByteBuffer> buffer = decoder_.take_buffer();
  return std::optional<Reply>{
      Reply{buffer ? proto::JsonObject(envelope->parameters, *std::move(buffer)) : proto::JsonObject(envelope->parameters),
            std::move(envelope->error), envelope->continues, std::exchange(fds_, {})}};
}

Result<void> Connection::read_more(TimePoint deadline) {
  for (;;) {
    if (const auto readable = wait_for(fd(), POLLIN, deadline); !readable) return readable.error();
    const Result<bool> read = read_now();
    if (!read) return read.error();
    if (*read) return {};
  }
}

Result<bool> Connection::read_now() {
  std::array<char, kReadBytes> bytes;
  ControlBuffer control;
  const std::span<char> room = decoder_.room(), into = room.empty() ? std::span<char>(bytes) : room;
  iovec piece{into.data(), into.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  const ssize_t size = ::recvmsg(fd(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (size < 0) return errno_error("receive from the daemon");
  collect(header, fds_);
  if (size == 0) return Error{Errc::closed, "the daemon closed the connection"};
  if ((header.msg_flags & MSG_CTRUNC) != 0) return Error{Errc::protocol, "the daemon passed too many descriptors"};
  const auto read = static_cast<std::size_t>(size);
  const Result<void> taken = room.empty() ? decoder_.feed({bytes.data(), read}) : decoder_.fed(read);
  return taken ? Result<bool>(true) : taken.error();
}

Result<Reply> Connection::receive(TimePoint deadline) {
  for (;;) {
    Result<std::optional<Reply>> reply = take_reply();
    if (!reply) return reply.error();
    if (*reply) return std::move(**reply);
    if (auto more = read_more(deadline); !more) return more.error();
  }
}

Result<Reply> Connection::call(std::string_view method, std::string_view parameters_json, TimePoint deadline, proto::CallMode mode,
                               std::span<const int> fds) {
  if (auto sent = send(proto::write_call(method, parameters_json, mode), fds, deadline); !sent) return sent.error();
  return receive(deadline);
}

}  // namespace jobpool::client
