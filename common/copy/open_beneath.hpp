// Opening folders beneath an open one, so that nobody who renames things or puts symbolic links in the way leads a copy elsewhere.
// Client and worker, any thread.
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "common/unique_fd.hpp"

namespace jobpool::copy {

// Opens the folder `path` (components joined by one '/'; empty: `root` itself) beneath `root`, one component after the other; none of them
// may be a symbolic link. The path may be longer than PATH_MAX. Empty: errno says why; EINVAL for "..", "." and empty components.
UniqueFd open_folder_beneath(int root, std::string_view path);

// Whether the open folder is that one, or lies beneath it.
bool is_beneath(int folder, const struct stat& root);

inline bool is_same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace jobpool::copy
