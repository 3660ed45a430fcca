// The group whose members may connect beside the daemon's own user and root, and act as that user (the setting access_group): found by
// name once, at start, and what the file system says against it. jobpoold, before it starts anything. Of a peer no name is ever looked up.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::supervisor {

// A name or a number. Errors: not_found: there is no such group; invalid_argument: the number that the kernel shows for every group which
// has none here, so that membership in it would say nothing.
Result<gid_t> find_access_group(const std::string& name);

// Whoever has no number in this user namespace appears as the overflow uid (65534): a daemon that runs as that uid could not tell its own
// user from everybody else. Errors: unsupported.
Result<void> check_account(uid_t account, std::string_view uid_map);
// The same of this process. Errors: unsupported.
Result<void> check_own_account();

// Whether /proc/PID/uid_map or gid_map, of which this is the text, gives each id a number: that of the host's own user namespace.
bool is_whole_id_map(std::string_view map);

// Why members of the group cannot reach the socket, with the remedy: its mode, or a folder above it. nullopt: they can.
std::optional<std::string> hindrance_of(gid_t group, const std::string& socket);

}  // namespace jobpool::supervisor
