// What a folder holds, in every respect that a copy of it must have too; as text, so that a difference shows itself.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>

namespace jobpool::testing {

// By the path beneath the folder ("": itself): kind, mode, owner, time in nanoseconds, length, contents (a hash of them), the text of
// links, extended attributes, and of a hard link its first other name.
std::map<std::string, std::string> tree_of(const std::string& folder);

// "" when both are the same; else the names that differ, with both texts. Sockets are not expected in `copy`.
std::string difference_of_trees(const std::string& source, const std::string& copy);

// Whether it has a hole where the other one has: bytes on the disk.
std::int64_t occupied_bytes(const std::string& file);

void write_file(const std::string& path, const std::string& text, mode_t mode = 0644);
std::string read_file(const std::string& path);

// While it lives, this process has no more rights than anybody (where it is root's; else it has none anyway).
class AsNobody {
 public:
  AsNobody();
  ~AsNobody();
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
};

}  // namespace jobpool::testing
