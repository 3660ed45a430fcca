// Reading: one recvmsg per wake into the thread's shared buffer, then the framing; of a large message straight into its own.
#include "daemon/broker/server/inbox.hpp"

#include <algorithm>
#include <utility>

#include "common/socket.hpp"

namespace jobpool::broker {

Inbox::Read Inbox::read(int socket, std::span<std::byte> buffer, int end_of_fds) {
  const std::span<char> room = decoder_.room();
  if (!room.empty()) buffer = std::as_writable_bytes(room);
  Result<Received> received = receive_message(socket, buffer);
  if (!received) {
    switch (received.error().code) {
      case Errc::full:
        return Read::nothing;
      case Errc::protocol:
        return Read::violation;
      default:
        return Read::peer_gone;
    }
  }
  if (received->size == 0) return Read::end_of_input;
  const std::string_view chunk(reinterpret_cast<const char*>(buffer.data()), received->size);
  if (!received->fds.empty() || received->lost_fds) keep_fds(chunk, std::move(received->fds), end_of_fds);
  if (!(room.empty() ? decoder_.feed(chunk) : decoder_.fed(chunk.size()))) return Read::violation;
  buffered_ += chunk.size();
  return Read::bytes;
}

std::optional<Inbox::Message> Inbox::next() {
  const std::optional<std::string_view> text = decoder_.next();
  if (!text) return std::nullopt;
  Message message{*text, decoder_.runs(), {}, false};
  buffered_ -= text->size() + 1;
  if (!riders_.empty() && riders_.front().message == taken_) {
    message.fds = std::move(riders_.front().fds);
    message.lost_fds = message.fds.empty();
    riders_.erase(riders_.begin());
  }
  ++taken_;
  return message;
}

void Inbox::reset() {
  if (!empty()) {
    decoder_ = proto::FrameDecoder();
    taken_ = 0;
  }
  // An empty decoder goes on as it is: it counts its messages, and has given a large buffer back already.
  buffered_ = 0;
  riders_.clear();
}

void Inbox::keep_fds(std::string_view chunk, std::vector<UniqueFd> fds, int end_of_fds) {
  const auto ends = static_cast<std::uint64_t>(std::count(chunk.begin(), chunk.end(), '\0'));
  const std::uint64_t last = chunk.back() == '\0' ? ends - 1 : ends;  // of the messages that have a byte in this chunk
  if (last == 0 && decoder_.pending() > 0) return;                    // it began earlier: its descriptors had to come then
  if (!std::ranges::all_of(fds, [&](const UniqueFd& fd) { return fd.get() < end_of_fds; })) fds.clear();
  riders_.push_back(Riders{decoder_.fed_messages() + last, std::move(fds)});
}

}  // namespace jobpool::broker
