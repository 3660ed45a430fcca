// O_TMPFILE and linkat; see the header.
#include "daemon/worker/function/copy/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/copy/target_names.hpp"

namespace jobpool::worker {
namespace {

constexpr mode_t kNobodyElse = 0600;  // until it has the source's mode

// By the descriptor, which older kernels allow the privileged only; the way through /proc is open to all, and longer.
int link_nameless(int file, int folder, const std::string& name) {
  if (::linkat(file, "", folder, name.c_str(), AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT && errno != EPERM) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  return ::linkat(AT_FDCWD, path.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW);
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

copy::FileError NewFile::publish(const std::string& name, IfTaken if_taken) {
  if (!has_temporary_name_) {
    if (link_nameless(file_.get(), folder_, name) == 0) return {};
    if (errno == EEXIST && if_taken == IfTaken::refuse) return copy::failed_to("name the target");
    // Only a rename takes the place of what is there already. Locked before it has a name, or who clears up may remove it.
    const int why = errno;
    ::flock(file_.get(), LOCK_EX | LOCK_NB);
    errno = why;
    if (errno != EEXIST || link_nameless(file_.get(), folder_, temporary_) != 0) return copy::failed_to("name the target");
    has_temporary_name_ = true;
  }
  const int renamed = if_taken == IfTaken::replace ? ::renameat(folder_, temporary_.c_str(), folder_, name.c_str())
                                                   : copy::rename_to_free_name(folder_, temporary_, name);
  if (renamed != 0) return copy::failed_to("name the target");
  has_temporary_name_ = false;
  return {};
}

}  // namespace jobpool::worker
