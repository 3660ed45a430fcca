// Who listens at a socket that we are connected to.
#pragma once

#include <sys/socket.h>

#include <optional>

namespace jobpool::cli {

// As the kernel has it of the one that called listen(2), with socket activation systemd; nullopt: it does not say. `pid` is 0 for one
// outside our pid namespace.
std::optional<ucred> listener_of(int socket);

}  // namespace jobpool::cli
