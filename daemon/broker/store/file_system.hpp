// Whether a directory is on a disk of this host: SQLite's locks and syncs mean nothing on most network file systems.
#pragma once

#include <string>

#include "common/result.hpp"

namespace jobpool::broker {

struct FileSystem {
  long magic = 0;       // statfs's f_type
  std::string subtype;  // of one that runs in user space: "fuse.sshfs"; else empty
};

// Of an open file or directory. Errors: io.
Result<FileSystem> file_system_of(int fd);

// The name of a network file system, or nullptr for a local one (and for one that nobody knows).
const char* network_name(const FileSystem& file_system);

}  // namespace jobpool::broker
