// See trial_disk.hpp.
#include "tests/support/store/trial_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "tests/support/store/trial_vfs.hpp"

namespace jobpool::testing {

using broker::Disk;
using Kind = Change::Kind;

TrialDisk::TrialDisk(std::string root) : root_(std::move(root)), vfs_(std::make_unique<TrialVfs>(*this)) {}
TrialDisk::~TrialDisk() = default;

broker::StoreOptions TrialDisk::options() const {
  broker::StoreOptions options;
  options.state_dir = root_;
  options.vfs = vfs_->name();
  options.disk = const_cast<TrialDisk*>(this);
  return options;
}

void TrialDisk::set_room(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = bytes;
}

void TrialDisk::mark(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  changes_.push_back({Kind::mark, "", static_cast<std::int64_t>(number), ""});
}

std::vector<Change> TrialDisk::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

int TrialDisk::admit(Change change) {
  const std::lock_guard lock(mutex_);
  if (fault) {
    const int number = fault(change);
    if (number != 0 && change.kind == Kind::sync) changes_.push_back({Kind::failed_sync, change.path, 0, ""});
    if (number != 0) return number;
  }
  if (const int number = take_room(change)) return number;
  changes_.push_back(std::move(change));
  return 0;
}

int TrialDisk::take_room(const Change& change) {
  if (change.kind == Kind::rename) {
    sizes_[change.bytes] = sizes_[change.path];
    sizes_.erase(change.path);
    return 0;
  }
  std::int64_t& size = sizes_[change.path];
  std::int64_t wanted = size;
  if (change.kind == Kind::write) wanted = std::max(size, change.offset + static_cast<std::int64_t>(change.bytes.size()));
  if (change.kind == Kind::truncate) wanted = change.offset;
  if (change.kind == Kind::remove) wanted = 0;
  if (room_ >= 0 && wanted - size > room_) return ENOSPC;
  if (room_ >= 0) room_ -= wanted - size;
  size = wanted;
  return 0;
}

std::string TrialDisk::within(const std::string& path) const {
  return path.starts_with(root_ + "/") ? path.substr(root_.size() + 1) : path == root_ ? std::string{} : path;
}

std::string TrialDisk::path_of(int fd) const {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return size < 0 ? std::string{} : within(std::string(path, static_cast<std::size_t>(size)));
}

namespace {

std::string joined(const std::string& directory, const std::string& name) { return directory.empty() ? name : directory + "/" + name; }

}  // namespace

Result<UniqueFd> TrialDisk::open(int directory, const std::string& name) {
  if (::faccessat(directory, name.c_str(), F_OK, 0) != 0) {
    if (const int number = admit({Kind::create, joined(path_of(directory), name), 0, ""})) return broker::disk_error(name, number);
  }
  return Disk::open(directory, name);
}

Result<void> TrialDisk::write(int fd, std::string_view bytes, off_t offset) {
  if (const int number = admit({Kind::write, path_of(fd), offset, std::string(bytes)})) return broker::disk_error("write", number);
  return Disk::write(fd, bytes, offset);
}

Result<void> TrialDisk::truncate(int fd, off_t size) {
  if (const int number = admit({Kind::truncate, path_of(fd), size, ""})) return broker::disk_error("truncate", number);
  return Disk::truncate(fd, size);
}

// Its bytes are zeros, so that a longer file says it all.
Result<void> TrialDisk::allocate(int fd, off_t size) {
  if (const int number = admit({Kind::truncate, path_of(fd), size, ""})) return broker::disk_error("allocate", number);
  return Disk::allocate(fd, size);
}

Result<void> TrialDisk::sync(int fd) {
  if (const int number = admit({Kind::sync, path_of(fd), 0, ""})) return broker::disk_error("fsync", number);
  return {};
}

Result<void> TrialDisk::sync_directory(int directory) {
  if (const int number = admit({Kind::sync_directory, path_of(directory), 0, ""})) return broker::disk_error("fsync", number);
  return {};
}

Result<void> TrialDisk::remove(int directory, const std::string& name) {
  if (::faccessat(directory, name.c_str(), F_OK, 0) != 0) return {};
  if (const int number = admit({Kind::remove, joined(path_of(directory), name), 0, ""})) return broker::disk_error(name, number);
  return Disk::remove(directory, name);
}

Result<void> TrialDisk::rename(int directory, const std::string& from, const std::string& to) {
  const std::string folder = path_of(directory);
  if (const int number = admit({Kind::rename, joined(folder, from), 0, joined(folder, to)})) return broker::disk_error(from, number);
  return Disk::rename(directory, from, to);
}

}  // namespace jobpool::testing
