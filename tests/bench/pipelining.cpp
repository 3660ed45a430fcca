// See pipelining.hpp.
#include "tests/bench/pipelining.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {

std::string pipeline(int socket, const std::string& request, long times, long answers) {
  constexpr long kRequestsInChunk = 512;
  std::string chunk;
  for (long i = 0; i < std::min(times, kRequestsInChunk); ++i) chunk += request;
  std::string received;
  char buffer[65536];
  std::size_t left = request.size() * static_cast<std::size_t>(times), written = 0;  // written: of the chunk
  while (answers > 0) {
    pollfd wait{.fd = socket, .events = static_cast<short>(left > 0 ? POLLIN | POLLOUT : POLLIN), .revents = 0};
    if (::poll(&wait, 1, -1) != 1) continue;
    if (wait.revents & POLLOUT) {
      const ssize_t sent = ::send(socket, chunk.data() + written, std::min(left, chunk.size() - written), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        left -= static_cast<std::size_t>(sent);
        written = (written + static_cast<std::size_t>(sent)) % chunk.size();
      }
    }
    if (wait.revents & (POLLIN | POLLHUP)) {
      const ssize_t got = ::recv(socket, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got == 0) give_up("the daemon closed the connection");
      if (got < 0) continue;
      answers -= std::count(buffer, buffer + got, '\0');
      received.append(buffer, static_cast<std::size_t>(got));
    }
  }
  return received;
}

}  // namespace jobpool::bench
