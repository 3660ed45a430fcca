// Sending and checking the messages of supervisor and broker.
#include "common/control/message.hpp"

#include <string>
#include <type_traits>

#include "common/socket.hpp"

namespace jobpool::control {
namespace {

static_assert(std::is_trivially_copyable_v<Message>);

struct Range {
  std::size_t least, most;
};

constexpr Range kUnknown{1, 0};  // no count of descriptors fits

Range fds_of(Kind kind) {
  switch (kind) {
    case Kind::welcome:
      return {3, kMaxPassedFds};
    case Kind::worker_started:
      return {6, 6};
    case Kind::handover_done:
    case Kind::worker_died:
    case Kind::drain:
    case Kind::stop_now:
    case Kind::checkup:
    case Kind::reload_refused:
    case Kind::retire_worker:
    case Kind::start_worker:
    case Kind::kill_worker:
    case Kind::forget_worker:
    case Kind::ready:
    case Kind::drained:
    case Kind::shutdown:
    case Kind::reload:
    case Kind::healthy:
    case Kind::signal_worker:
      return {0, 0};
  }
  return kUnknown;
}

Error broken_message(std::string what) { return Error{Errc::protocol, "control message: " + std::move(what)}; }

}  // namespace

Result<void> send(int socket, const Message& message, std::span<const int> fds) {
  return send_message(socket, std::as_bytes(std::span(&message, 1)), fds);
}

Result<Envelope> receive(int socket) {
  Envelope envelope;
  auto received = receive_message(socket, std::as_writable_bytes(std::span(&envelope.message, 1)));
  if (!received) return received.error();
  if (received->size == 0) return Error{Errc::closed, "control socket: the other end is gone"};
  if (received->size != sizeof(Message)) return broken_message("size " + std::to_string(received->size));
  const Message& message = envelope.message;
  if (message.version != kVersion) return broken_message("version " + std::to_string(message.version));
  const Range range = fds_of(message.kind);
  const std::size_t count = received->fds.size();
  const auto kind = std::to_string(static_cast<std::uint32_t>(message.kind));
  if (range.least > range.most) return broken_message("unknown kind " + kind);
  const bool fits = received->lost_fds ? range.most > 0 : count >= range.least && count <= range.most;
  if (!fits) return broken_message("kind " + kind + " with " + std::to_string(count) + " descriptors");
  envelope.fds = std::move(received->fds);
  envelope.lost_fds = received->lost_fds;
  return envelope;
}

}  // namespace jobpool::control
