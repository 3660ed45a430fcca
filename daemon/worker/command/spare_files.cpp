// See spare_files.hpp.
#include "daemon/worker/command/spare_files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace jobpool::worker {
namespace {

constexpr std::size_t kMostSpares = 2;  // as many as one command has

}  // namespace

SpareFiles::~SpareFiles() {
  for (const Spare& spare : spares_) ::unlinkat(folder_, spare.name.c_str(), 0);
}

void SpareFiles::keep(std::string name, const struct stat& status) {
  if (!can_tell_ || spares_.size() == kMostSpares) {
    ::unlinkat(folder_, name.c_str(), 0);
    return;
  }
  spares_.push_back({std::move(name), status.st_dev, status.st_ino});
}

// Renamed first: who opens the old name from then on finds nothing, so that nobody comes who is not seen.
UniqueFd SpareFiles::take(const std::string& name, int flags) {
  if (spares_.empty()) return {};
  auto chosen = std::ranges::find(spares_, name, &Spare::name);
  if (chosen == spares_.end()) chosen = spares_.begin();
  const Spare spare = std::move(*chosen);
  spares_.erase(chosen);
  if (spare.name != name && ::renameat2(folder_, spare.name.c_str(), folder_, name.c_str(), RENAME_NOREPLACE) != 0) {
    ::unlinkat(folder_, spare.name.c_str(), 0);
    return {};
  }
  UniqueFd file(::openat(folder_, name.c_str(), flags));
  if (file && is_like_new(file.get(), spare) && is_opened_by_us_alone(file.get())) return file;
  ::unlinkat(folder_, name.c_str(), 0);
  return {};
}

// Its command may have done to it what its owner may.
bool SpareFiles::is_like_new(int file, const Spare& spare) const {
  struct stat status {};
  return ::fstat(file, &status) == 0 && status.st_dev == spare.device && status.st_ino == spare.inode &&
         status.st_mode == (S_IFREG | kOutputMode) && status.st_uid == ::geteuid() && status.st_nlink == 1 && status.st_size == 0 &&
         status.st_blocks == 0;
}

// A lease for writing is given to the only one who has the file open. Who opens it while we have that (by its new name: it is the next
// command's) waits until we have given it back, and we are sent a signal: one that does nothing.
bool SpareFiles::is_opened_by_us_alone(int file) {
  if (::fcntl(file, F_SETSIG, SIGURG) == 0 && ::fcntl(file, F_SETLEASE, F_WRLCK) == 0) return ::fcntl(file, F_SETLEASE, F_UNLCK) == 0;
  can_tell_ = errno == EAGAIN;
  return false;
}

}  // namespace jobpool::worker
