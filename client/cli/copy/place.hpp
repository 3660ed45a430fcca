// Where a copy is from and to: the words of the command line, looked up, checked and opened. Everything after that goes through the two
// open folders.
#pragma once

#include <sys/stat.h>

#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

enum class IfThere { refuse, merge };

struct CopyPlaces {
  std::string shown_source, shown_target;  // as messages name them
  // The two folders: what is copied and its copy; of a single file, the folders that hold them.
  std::string source, target;  // absolute, without links
  UniqueFd source_root, target_root;
  // Of a single file (or link, FIFO…): its name, and that of its copy. Empty: a folder is copied.
  std::string source_name, target_name;
  bool target_is_new = false;  // made by us: nothing is in it

  bool is_single() const { return !source_name.empty(); }
};

// `SRC[复件]`, beside SRC.
Result<std::string> default_target(const std::string& source);

// A symbolic link is copied as a link, unless its name ends with a slash: as cp -a does. Makes nothing yet.
// Errors: not_found, permission_denied, io; already_exists: the target is there, and neither may it be merged into nor is it a copy that
// was begun; invalid_argument: one of both lies in the other.
Result<CopyPlaces> find_places(const std::string& source, const std::string& target, IfThere if_there);

// Makes the target's folder, where there is none yet.
Result<void> make_target(CopyPlaces& places);

}  // namespace jobpool::cli
