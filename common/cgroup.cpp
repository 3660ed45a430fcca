// By the files of a cgroup's directory.
#include "common/cgroup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "common/unique_fd.hpp"

namespace jobpool {

Result<void> kill_cgroup(int directory) {
  const UniqueFd kill(::openat(directory, "cgroup.kill", O_WRONLY | O_CLOEXEC));
  if (!kill || ::write(kill.get(), "1", 1) != 1) return errno_error("cgroup.kill");
  return {};
}

bool remove_cgroup(int parent, const std::string& name) {
  const int directory = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (directory < 0) return errno == ENOENT;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory), &::closedir);
  if (!entries) return false;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') remove_cgroup(directory, entry->d_name);
  }
  return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0;
}

}  // namespace jobpool
