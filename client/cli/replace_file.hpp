// Writing a file so that nobody ever reads half of it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// A new file beside it, complete, takes its place: of a symbolic link, the place of what that leads to. Readable as the umask allows.
// SIGINT and SIGTERM wait until nothing of it is left behind; other threads must block them, or be none. Errors: invalid_argument: what
// stands there is no regular file (a device, a pipe, a folder), or a link to nothing; io, permission_denied.
Result<void> replace_file(const std::string& path, std::string_view contents);

}  // namespace jobpool::cli
