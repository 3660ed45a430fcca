// One small coroutine per refused peer. The bytes of its call are dropped as they come.
#include "daemon/broker/server/refused_peers.hpp"

#include <sys/socket.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "daemon/broker/server/asio_types.hpp"
#include "daemon/broker/server/limits.hpp"
#include "proto/envelope.hpp"

namespace jobpool::broker {

// Part of a coroutine's frame: without a name of its own, g++ 12 warns where sources are compiled together.
enum class Listened { more, end_of_call, give_up };

namespace {

constexpr std::size_t kMostDropped = 64 * kKiB;  // a refused peer that sends more than any first call needs is closed unanswered

Listened drop_input(int socket, std::size_t& dropped) {
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Listened::more : Listened::give_up;
  if (std::memchr(buffer.data(), '\0', static_cast<std::size_t>(size)) != nullptr) return Listened::end_of_call;
  dropped += static_cast<std::size_t>(size);
  return size == 0 || dropped > kMostDropped ? Listened::give_up : Listened::more;
}

void answer(int socket) {
  std::string text;
  proto::append_error(text, proto::error::kPermissionDenied, {});
  // An empty socket takes a hundred bytes; when it does not, the peer is gone.
  (void)::send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

struct RefusedPeers::Open {
  std::vector<std::shared_ptr<Descriptor>> sockets;

  static Awaitable serve(std::shared_ptr<Open> open, std::shared_ptr<Descriptor> socket) {
    std::size_t dropped = 0;
    Listened listened = Listened::more;
    while (listened == Listened::more) {
      asio::error_code error;
      co_await socket->async_wait(WaitType::wait_read, into(error));
      listened = error ? Listened::give_up : drop_input(socket->native_handle(), dropped);
    }
    if (listened == Listened::end_of_call) answer(socket->native_handle());
    std::erase(open->sockets, socket);
  }
};

RefusedPeers::RefusedPeers(asio::io_context& io, std::size_t most) : io_(io), most_(most), open_(std::make_shared<Open>()) {}

void RefusedPeers::refuse(UniqueFd socket) {
  if (open_->sockets.size() >= most_) return;
  auto descriptor = std::make_shared<Descriptor>(io_);
  asio::error_code error;
  descriptor->assign(socket.get(), error);
  if (error) return;
  (void)socket.release();
  open_->sockets.push_back(descriptor);
  // Nothing in there throws; whatever happens to a refused peer is not worth a line in the log.
  asio::co_spawn(io_, Open::serve(open_, descriptor), asio::detached);
}

void RefusedPeers::close_all() {
  asio::error_code ignored;
  for (const auto& socket : open_->sockets) socket->close(ignored);
  open_->sockets.clear();
}

}  // namespace jobpool::broker
