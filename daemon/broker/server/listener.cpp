// accept4 until nobody waits, then wait. Without descriptors left it pauses: the backlog keeps the others, and nothing spins.
#include "daemon/broker/server/listener.hpp"

#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/admission.hpp"
#include "daemon/broker/server/limits.hpp"

namespace jobpool::broker {
namespace {

// accept() also reports what became of a connection that nobody took yet; that is no fault of the listener.
bool is_passing(int number) { return number == EAGAIN || number == EINTR || number == ECONNABORTED || number == EPERM; }

bool is_shortage(int number) { return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM; }

}  // namespace

Listener::Listener(asio::io_context& io, OnConnection on_connection) : on_connection_(std::move(on_connection)), socket_(io), pause_(io) {}

Result<void> Listener::start(UniqueFd socket) {
  asio::error_code error;
  socket_.assign(socket.get(), error);
  if (error) return Error{Errc::io, "watch the listening socket: " + error.message()};
  (void)socket.release();
  // Nothing in there throws, and what fails is logged there.
  asio::co_spawn(socket_.get_executor(), run(shared_from_this()), asio::detached);
  return {};
}

void Listener::close() {
  asio::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

Awaitable Listener::run([[maybe_unused]] std::shared_ptr<Listener> self) {
  while (socket_.is_open()) {
    asio::error_code error;
    co_await socket_.async_wait(WaitType::wait_read, into(error));
    if (!socket_.is_open()) break;
    const Accepted accepted = accept_batch();
    if (accepted == Accepted::failed) break;
    if (accepted == Accepted::batch) continue;
    pause_.expires_after(kAcceptPause);
    co_await pause_.async_wait(into(error));
  }
}

Listener::Accepted Listener::accept_batch() {
  for (std::size_t i = 0; i < kAcceptBatch && socket_.is_open(); ++i) {
    UniqueFd connection(::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      if (is_passing(errno)) return Accepted::batch;
      if (is_shortage(errno)) {
        const int number = errno;
        if (complaints_.is_due(Clock::now())) log::warn("accept: {}; new connections wait until there is room", std::strerror(number));
        return Accepted::no_descriptors;
      }
      log::error("accept: {}; no new connections from now on", std::strerror(errno));
      return Accepted::failed;
    }
    const Result<Peer> peer = peer_of(connection.get());
    if (!peer) continue;  // it is gone already
    on_connection_(std::move(connection), *peer);
  }
  return Accepted::batch;
}

}  // namespace jobpool::broker
