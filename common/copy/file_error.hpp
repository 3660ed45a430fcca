// What the kernel refused while a file was copied: the error's number is kept, since no room, gone and forbidden are told apart.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

namespace jobpool::copy {

struct FileError {
  int number = 0;        // 0: none
  const char* act = "";  // "open the source"
  bool happened() const { return number != 0; }
  // The target's file system has no room, or the user's share of it is used up.
  bool is_no_room() const { return number == ENOSPC || number == EDQUOT; }
  std::string text() const { return "cannot " + std::string(act) + ": " + std::strerror(number); }
};

inline FileError failed_to(const char* act) { return {errno, act}; }

}  // namespace jobpool::copy
