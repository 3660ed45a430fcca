// See listener.hpp.
#include "client/cli/listener.hpp"

namespace jobpool::cli {

std::optional<ucred> listener_of(int socket) {
  ucred listener{};
  socklen_t size = sizeof listener;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0 || size != sizeof listener) return std::nullopt;
  return listener;
}

}  // namespace jobpool::cli
