// Small files and private directories: the few operations that state directory, listener and leftovers share. jobpoold.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

// Makes `path` and what is missing above it, each 0700; opens it. Errors: io and the like, naming the path.
Result<UniqueFd> make_directory(const std::string& path);

// At most `limit` bytes. Errors: not_found, io.
Result<std::string> read_file_at(int directory, const std::string& name, std::size_t limit);

// Errors: io (a full disk).
Result<void> write_all(int fd, std::string_view bytes);

}  // namespace jobpool::supervisor
