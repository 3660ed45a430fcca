// Sleeps on the socket alone: nobody else knows this process.
#include "daemon/worker/spare.hpp"

#include <poll.h>

#include <utility>

#include "common/control/place.hpp"

namespace jobpool::worker {

Result<Arguments> wait_for_place(Arguments arguments, int supervisor_socket) {
  auto words = control::receive_place(supervisor_socket);
  while (!words && words.error().code == Errc::full) {
    pollfd news{supervisor_socket, POLLIN, 0};
    ::poll(&news, 1, -1);
    words = control::receive_place(supervisor_socket);
  }
  if (!words) return words.error();
  auto placed = parse_arguments(*words, std::move(arguments));
  if (placed && placed->number.value == 0) return Error{Errc::protocol, "a worker's place: it has no number"};
  return placed;
}

}  // namespace jobpool::worker
