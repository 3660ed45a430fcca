// See peer_server.hpp.
#include "tests/bench/peers/peer_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

std::string installed(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return {};
}

std::uint16_t free_port() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof(address);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    give_up("a free port");
  return ntohs(address.sin_port);
}

PeerServer::PeerServer(const std::vector<std::string>& argv, PeerAddress address, const std::string& log)
    : address_(std::move(address)), pid_(spawn_server(argv, log)) {
  bool has_ended = false;
  const bool is_there = testing::wait_until(
      [&] {
        has_ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        return has_ended || bool(try_connect());
      },
      std::chrono::seconds(10));
  if (has_ended || !is_there) give_up(argv[0] + " did not start");
}

PeerServer::~PeerServer() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

UniqueFd PeerServer::connect() const {
  UniqueFd socket = try_connect();
  if (!socket) give_up("a peer's server");
  return socket;
}

UniqueFd PeerServer::try_connect() const {
  const bool is_local = !address_.path.empty();
  UniqueFd socket(::socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int result = -1;
  if (is_local) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, address_.path.c_str(), sizeof(address.sun_path) - 1);
    result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const sockaddr_in address = loopback(address_.port);
    result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (result != 0) socket.reset();
  return socket;
}

void PeerConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) give_up("a peer's connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string PeerConnection::line() {
  for (;;) {
    const auto end = received_.find("\r\n", taken_);
    if (end != std::string::npos) {
      std::string found = received_.substr(taken_, end - taken_);
      taken_ = end + 2;
      return found;
    }
    receive_more();
  }
}

std::string PeerConnection::bytes(std::size_t count) {
  while (received_.size() - taken_ < count) receive_more();
  taken_ += count;
  return received_.substr(taken_ - count, count);
}

void PeerConnection::receive_more() {
  received_.erase(0, std::exchange(taken_, 0));
  char buffer[65536];
  const ssize_t got = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
  if (got <= 0) give_up("a peer's connection");
  received_.append(buffer, static_cast<std::size_t>(got));
}

}  // namespace jobpool::bench
