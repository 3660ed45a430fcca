// Extended attributes of one file given to another. Part of metadata. Client and worker, any thread.
#pragma once

#include <string>

#include "common/copy/file_error.hpp"

namespace jobpool::copy {

// A file by its descriptor, or by a path whose last component may be a symbolic link.
struct AttributeFile {
  int fd = -1;
  std::string path = {};  // used where there is no descriptor
};

struct AttributesKept {
  bool lost = false;  // some that people set (user, ACLs) are none that the target's file system, or this process, can give a file
  bool has_acl = false;
  FileError error;  // of the first that could not be kept for another reason: no room for it, say
};

// Copies all attributes of `from`. Those of the system (security, trusted) are kept where this process may.
AttributesKept copy_attributes(const AttributeFile& from, const AttributeFile& to);

void remove_acl(int file, const char* name);
inline constexpr const char* kAccessAcl = "system.posix_acl_access";
inline constexpr const char* kDefaultAcl = "system.posix_acl_default";

}  // namespace jobpool::copy
