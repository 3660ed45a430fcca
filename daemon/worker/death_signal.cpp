// Signal-driven I/O with SIGKILL as its signal.
#include "daemon/worker/death_signal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace jobpool::worker {

Result<void> die_at_hangup(int socket) {
  if (::fcntl(socket, F_SETSIG, SIGKILL) != 0 || ::fcntl(socket, F_SETOWN, ::getpid()) != 0 ||
      ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_ASYNC) != 0)
    return errno_error("asking for a signal at the supervisor's hang-up");
  return {};
}

void outlive_hangup(int socket) { ::fcntl(socket, F_SETOWN, 0); }

void die_at_hangup_again(int socket) { ::fcntl(socket, F_SETOWN, ::getpid()); }

}  // namespace jobpool::worker
