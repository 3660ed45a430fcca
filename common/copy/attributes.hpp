// Extended attributes of one file given to another. Part of metadata. Client and worker, any thread.
#pragma once

#include <string>

namespace jobpool::copy {

// A file by its descriptor, or by a path whose last component may be a symbolic link.
struct AttributeFile {
  int fd = -1;
  std::string path = {};  // used where there is no descriptor
};

// Copies all attributes of `from`. False: some that people set (user, ACLs) cannot be kept there. Those of the system (security, trusted)
// are kept where this process may.
bool copy_attributes(const AttributeFile& from, const AttributeFile& to, bool& has_acl);

void remove_acl(int file, const char* name);
inline constexpr const char* kAccessAcl = "system.posix_acl_access";
inline constexpr const char* kDefaultAcl = "system.posix_acl_default";

}  // namespace jobpool::copy
