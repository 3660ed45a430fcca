// flistxattr and friends. See attributes.hpp.
#include "common/copy/attributes.hpp"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace jobpool::copy {
namespace {

ssize_t list_names(const AttributeFile& file, char* names, std::size_t size) {
  return file.fd >= 0 ? ::flistxattr(file.fd, names, size) : ::llistxattr(file.path.c_str(), names, size);
}
ssize_t get_value(const AttributeFile& file, const char* name, char* value, std::size_t size) {
  return file.fd >= 0 ? ::fgetxattr(file.fd, name, value, size) : ::lgetxattr(file.path.c_str(), name, value, size);
}
int set_value(const AttributeFile& file, const char* name, const char* value, std::size_t size) {
  return file.fd >= 0 ? ::fsetxattr(file.fd, name, value, size, 0) : ::lsetxattr(file.path.c_str(), name, value, size, 0);
}

// Not known there, not allowed, or no value for such a file (an ACL with users that a namespace has not): so will it be the next time.
bool is_impossible(int number) { return number == EOPNOTSUPP || number == EPERM || number == EINVAL; }

// Names one after the other, each with its zero byte. The usual file has none, or few.
std::string names_of(const AttributeFile& file, FileError& error) {
  std::array<char, 1024> few;
  const ssize_t size = list_names(file, few.data(), few.size());
  if (size >= 0) return {few.data(), static_cast<std::size_t>(size)};
  if (is_impossible(errno) || errno == ENOENT) return {};  // gone meanwhile: no attributes either
  std::string many(65536, '\0');                           // XATTR_LIST_MAX
  const ssize_t all = errno == ERANGE ? list_names(file, many.data(), many.size()) : -1;
  if (all < 0) error = failed_to("list the extended attributes");
  many.resize(all > 0 ? static_cast<std::size_t>(all) : 0);
  return many;
}

bool is_peoples_own(std::string_view name) { return name.starts_with("user.") || name.starts_with("system.posix_acl_"); }

FileError copy_one(const AttributeFile& from, const AttributeFile& to, const char* name) {
  std::vector<char> value(256);
  ssize_t size = get_value(from, name, value.data(), value.size());
  if (size < 0 && errno == ERANGE) {
    value.resize(65536);  // XATTR_SIZE_MAX
    size = get_value(from, name, value.data(), value.size());
  }
  if (size < 0 && errno == ENODATA) return {};  // it was taken away meanwhile
  if (size < 0) return failed_to("read an extended attribute");
  return set_value(to, name, value.data(), static_cast<std::size_t>(size)) == 0 ? FileError{} : failed_to("set an extended attribute");
}

}  // namespace

AttributesKept copy_attributes(const AttributeFile& from, const AttributeFile& to) {
  AttributesKept kept;
  const std::string names = names_of(from, kept.error);
  for (std::size_t at = 0; at < names.size(); at += std::strlen(names.c_str() + at) + 1) {
    const char* name = names.c_str() + at;
    kept.has_acl = kept.has_acl || std::strcmp(name, kAccessAcl) == 0;
    const FileError error = copy_one(from, to, name);
    if (!error.happened() || !is_peoples_own(name)) continue;
    if (is_impossible(error.number))
      kept.lost = true;
    else if (!kept.error.happened())
      kept.error = error;
  }
  return kept;
}

void remove_acl(int file, const char* name) { ::fremovexattr(file, name); }

}  // namespace jobpool::copy
