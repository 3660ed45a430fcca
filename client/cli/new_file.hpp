// Writing a file so that nobody ever reads half of it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::cli {

// A new file beside it, complete, takes its place. Readable as the umask allows. Errors: io, full, permission_denied.
Result<void> replace_file(const std::string& path, std::string_view contents);

}  // namespace jobpool::cli
