// Component by component, with O_NOFOLLOW. See open_beneath.hpp.
#include "common/copy/open_beneath.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>

namespace jobpool::copy {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

UniqueFd open_folder_beneath(int root, std::string_view path) {
  if (path.empty()) return UniqueFd(::openat(root, ".", kFolderFlags));
  UniqueFd folder;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    const bool has_end = slash == std::string_view::npos || !path.empty();  // no slash at the end
    if (name.empty() || name == "." || name == ".." || !has_end) {
      errno = EINVAL;
      return {};
    }
    folder = UniqueFd(::openat(folder ? folder.get() : root, name.c_str(), kFolderFlags));
    if (!folder) return {};
  }
  return folder;
}

bool is_beneath(int folder, const struct stat& root) {
  UniqueFd at(::openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat here {};
  while (at && ::fstat(at.get(), &here) == 0) {
    if (is_same_file(here, root)) return true;
    struct stat above {};
    UniqueFd parent(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!parent || ::fstat(parent.get(), &above) != 0 || is_same_file(above, here)) return false;
    at = std::move(parent);
  }
  return false;
}

}  // namespace jobpool::copy
