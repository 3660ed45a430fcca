// systemd's side of starting: sockets it opened before us ($LISTEN_FDS), and telling it how we are ($NOTIFY_SOCKET). jobpoold.
// The two protocols are a few lines each, so libsystemd is not linked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

struct ActivationSockets {
  std::string path;  // of the first
  std::vector<UniqueFd> sockets;
};

// Empty: not socket-activated. Owns all passed descriptors from then on; those with other names are closed.
// Errors: invalid_argument: one of them is no listening Unix stream socket, or none is named "varlink".
Result<ActivationSockets> take_activation_sockets();

// Sends "READY=1" and the like. Without $NOTIFY_SOCKET does nothing; waits for a second at most until there is
// room for it; a failure is systemd's loss.
void notify(std::string_view state);

// How often systemd wants "WATCHDOG=1"; nothing: not at all. Half of what it waits for.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace jobpool::supervisor
