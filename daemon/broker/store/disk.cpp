// See disk.hpp.
#include "daemon/broker/store/disk.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

namespace jobpool::broker {
namespace {

Result<void> result_of(int code, const char* what) { return code == 0 ? Result<void>{} : Result<void>{disk_error(what, errno)}; }

// A file system without fallocate: bytes that are there.
Result<void> fill(Disk& disk, int fd, off_t size) {
  const std::string zeros(256 * 1024, '\0');
  for (off_t at = 0; at < size; at += static_cast<off_t>(zeros.size())) {
    const auto length = std::min<off_t>(size - at, static_cast<off_t>(zeros.size()));
    if (auto done = disk.write(fd, std::string_view(zeros).substr(0, static_cast<std::size_t>(length)), at); !done) return done;
  }
  return disk.sync(fd);
}

}  // namespace

bool means_no_room(int number) { return number == ENOSPC || number == EDQUOT || number == EFBIG; }

Error disk_error(const std::string& what, int number) {
  Error error = errno_error(what, number);
  if (means_no_room(number)) error.code = Errc::full;
  return error;
}

Result<UniqueFd> Disk::open(int directory, const std::string& name) {
  UniqueFd file{::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return disk_error(name, errno);
  return file;
}

Result<void> Disk::write(int fd, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return disk_error("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

Result<void> Disk::truncate(int fd, off_t size) { return result_of(::ftruncate(fd, size), "truncate"); }

Result<void> Disk::allocate(int fd, off_t size) {
  if (::fallocate(fd, 0, 0, size) == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return disk_error("allocate", errno);
  return fill(*this, fd, size);
}

Result<void> Disk::sync(int fd) { return result_of(::fsync(fd), "fsync"); }

Result<void> Disk::sync_directory(int directory) { return result_of(::fsync(directory), "fsync of a directory"); }

Result<void> Disk::remove(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return disk_error(name, errno);
}

Result<void> Disk::rename(int directory, const std::string& from, const std::string& to) {
  return result_of(::renameat(directory, from.c_str(), directory, to.c_str()), from.c_str());
}

Disk& system_disk() {
  static Disk disk;
  return disk;
}

}  // namespace jobpool::broker
