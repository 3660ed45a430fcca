// O_TMPFILE and linkat; see the header.
#include "daemon/worker/function/copy/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace jobpool::worker {
namespace {

constexpr mode_t kNobodyElse = 0600;  // until it has the source's mode

// linkat with AT_EMPTY_PATH needs a privilege on older kernels; the way through /proc does not.
int link_nameless(int file, int folder, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (::linkat(AT_FDCWD, path.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return 0;
  return errno == ENOENT ? ::linkat(file, "", folder, name.c_str(), AT_EMPTY_PATH) : -1;
}

}  // namespace

NewFile::~NewFile() {
  if (has_temporary_name_) ::unlinkat(folder_, temporary_.c_str(), 0);
}

copy::FileError NewFile::open() {
  file_ = UniqueFd(::openat(folder_, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kNobodyElse));
  if (file_) return {};
  // Whatever the reason, it is told by the plain way, which works on every file system.
  file_ = UniqueFd(::openat(folder_, temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, kNobodyElse));
  if (!file_) return copy::failed_to("make a file in the target's folder");
  has_temporary_name_ = true;
  ::flock(file_.get(), LOCK_EX | LOCK_NB);  // tells who clears up that it is in use
  return {};
}

copy::FileError NewFile::publish(const std::string& name) {
  if (!has_temporary_name_) {
    if (link_nameless(file_.get(), folder_, name) == 0) return {};
    // Only a rename takes the place of what is there already.
    if (errno != EEXIST || link_nameless(file_.get(), folder_, temporary_) != 0) return copy::failed_to("name the target");
    has_temporary_name_ = true;
  }
  if (::renameat(folder_, temporary_.c_str(), folder_, name.c_str()) != 0) return copy::failed_to("name the target");
  has_temporary_name_ = false;
  return {};
}

}  // namespace jobpool::worker
