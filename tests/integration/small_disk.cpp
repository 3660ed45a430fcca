// See small_disk.hpp. $JOBPOOL_TEST_NO_MOUNT tries the last way where the others would do.
#include "tests/integration/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/file_tree.hpp"

namespace jobpool::testing {
namespace {

bool mount_small(const std::string& path, int mebibytes) {
  return ::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + std::to_string(mebibytes) + "m").c_str()) == 0;
}

void write_map(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  (void)!::write(file.get(), text.data(), text.size());
}

// Whoever may not mount may do so in a world of its own, where the kernel is so configured.
bool enter_own_namespaces() {
  const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", user + " " + user + " 1");
  write_map("/proc/self/gid_map", group + " " + group + " 1");
  return true;
}

}  // namespace

SmallDisk::SmallDisk(int mebibytes, const std::vector<std::string>& writers) {
  REQUIRE(::mkdir(path().c_str(), 0755) == 0);
  const bool may_mount = std::getenv("JOBPOOL_TEST_NO_MOUNT") == nullptr;
  is_mounted_ = may_mount && (mount_small(path(), mebibytes) || (enter_own_namespaces() && mount_small(path(), mebibytes)));
  if (!is_mounted_) write_programs(writers);
}

SmallDisk::~SmallDisk() {
  if (is_mounted_) ::umount2(path().c_str(), MNT_DETACH);
}

std::vector<std::string> SmallDisk::daemon_arguments() const {
  if (is_mounted_) return {};
  return {"--program-dir", folder_.path()};
}

void SmallDisk::write_programs(const std::vector<std::string>& writers) const {
  for (const char* name : {"jobpool-broker", "jobpool-worker"}) {
    if (std::find(writers.begin(), writers.end(), name) != writers.end())
      write_program(name);
    else
      REQUIRE(::symlink(program(name).c_str(), folder_.file(name).c_str()) == 0);
  }
}

// Workers are given a few variables only: theirs are put back on the way.
void SmallDisk::write_program(const std::string& name) const {
  // A sanitizer's runtime wants to be the first library, and can do without.
  const std::string variables = "LD_PRELOAD=" FULL_DISK_LIBRARY " FULL_DISK_PROGRAM=" + name + " FULL_DISK_WHILE=" + ballast() +
                                " ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 exec ";
  write_file(folder_.file(name), "#!/bin/sh\n" + variables + program(name) + " \"$@\"\n", 0700);
}

void SmallDisk::fill(std::size_t room) const {
  const UniqueFd file(::open(ballast().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  REQUIRE(file);
  if (!is_mounted_) return;
  struct statvfs disk {};
  REQUIRE(::fstatvfs(file.get(), &disk) == 0);
  REQUIRE(::posix_fallocate(file.get(), 0, static_cast<off_t>(disk.f_bavail * disk.f_bsize - room)) == 0);
}

void SmallDisk::make_room() const { REQUIRE(::unlink(ballast().c_str()) == 0); }

}  // namespace jobpool::testing
