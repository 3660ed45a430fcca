// A peer's server of the bench's own, at a private address, stopped by its pid; and a connection to it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

// Where a distribution's package puts it; empty: it is not installed.
std::string installed(const std::string& name);

// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

// A Unix socket's path, or a port of 127.0.0.1.
struct PeerAddress {
  std::string path;
  std::uint16_t port = 0;
};

class PeerServer {
 public:
  // Returns when it takes connections there. Gives up when it does not. What it prints goes to the file `log`.
  PeerServer(const std::vector<std::string>& argv, PeerAddress address, const std::string& log);
  ~PeerServer();
  PeerServer(const PeerServer&) = delete;
  PeerServer& operator=(const PeerServer&) = delete;

  pid_t pid() const { return pid_; }
  // Gives up when nobody listens any more.
  UniqueFd connect() const;

 private:
  UniqueFd try_connect() const;

  PeerAddress address_;
  pid_t pid_ = -1;
};

// Blocking; gives up when the other side goes away.
class PeerConnection {
 public:
  explicit PeerConnection(UniqueFd socket) : socket_(std::move(socket)) {}

  void send(std::string_view bytes);
  // Up to the next CR LF, without it.
  std::string line();
  // Exactly so many.
  std::string bytes(std::size_t count);

 private:
  void receive_more();

  UniqueFd socket_;
  std::string received_;
  std::size_t taken_ = 0;  // of received_
};

}  // namespace jobpool::bench
