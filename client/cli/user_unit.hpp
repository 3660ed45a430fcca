// The user's own socket unit, jobpoold.socket: preferred to a private daemon where the user's systemd has it, since that one limits,
// watches and restarts what it starts. Asked only when nobody answers at its socket.
#pragma once

#include <chrono>
#include <string>

#include "common/result.hpp"

namespace jobpool::cli {

inline constexpr std::chrono::milliseconds kUnitPatience{5000};  // a socket unit starts in milliseconds; a hanging manager must not hang us

// Starts it and waits until it listens. Errors: not_found: there is no user's systemd, no systemctl in PATH or no such unit, which is
// nothing to be told; closed: it could not be started; timed_out.
Result<void> start_user_unit(const std::string& runtime_directory, std::chrono::milliseconds patience = kUnitPatience);

}  // namespace jobpool::cli
