// Owner, mode, times and extended attributes; and opening beneath a folder.
#include "common/copy/metadata.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "common/copy/open_beneath.hpp"
#include "common/copy/target_names.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_tree.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/refused_calls.hpp"

namespace jobpool::copy {
namespace {

using testing::TempDir;

struct Opened {
  UniqueFd file;
  struct stat status {};
};

Opened made(const std::string& path, mode_t mode) {
  testing::write_file(path, "text", mode);
  Opened opened{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
  REQUIRE(opened.file);
  const std::array<timespec, 2> times{timespec{1'000, 5}, timespec{2'000, 123'456'789}};
  REQUIRE(::futimens(opened.file.get(), times.data()) == 0);
  REQUIRE(::fstat(opened.file.get(), &opened.status) == 0);
  return opened;
}

struct stat status_of(int file) {
  struct stat status {};
  REQUIRE(::fstat(file, &status) == 0);
  return status;
}

TEST_CASE("a file gets the mode, the times to the nanosecond and the attributes of another") {
  const TempDir folder;
  const Opened from = made(folder.file("a"), 0444), to = made(folder.file("b"), 0600);
  const bool has_attributes = ::fsetxattr(from.file.get(), "user.colour", "red", 3, 0) == 0;
  const Kept kept = keep_metadata(from.file.get(), from.status, to.file.get());
  CHECK_FALSE(kept.error.happened());
  CHECK_FALSE(kept.attributes_lost);
  const struct stat after = status_of(to.file.get());
  CHECK((after.st_mode & 07777) == 0444);
  CHECK(after.st_mtim.tv_sec == 2'000);
  CHECK(after.st_mtim.tv_nsec == 123'456'789);
  CHECK(after.st_atim.tv_sec == 1'000);
  std::array<char, 8> value{};
  CHECK(::fgetxattr(to.file.get(), "user.colour", value.data(), value.size()) == (has_attributes ? 3 : -1));
}

// Every error of an attribute was taken for a file system without attributes: for want of room they were lost, with exit code 0.
TEST_CASE("attributes that the target cannot have are lost and any other error is told") {
  const TempDir folder;
  const Opened from = made(folder.file("a"), 0644), to = made(folder.file("b"), 0600);
  if (::fsetxattr(from.file.get(), "user.colour", "red", 3, 0) != 0) return;  // no attributes here
  for (const int error : {EOPNOTSUPP, EPERM, ENOSPC, EDQUOT, EIO, EACCES}) {
    INFO(error);
    const testing::Refused refused(testing::RefusedCall::set_attribute, error);
    const Kept kept = keep_metadata(from.file.get(), from.status, to.file.get());
    const bool is_lost = error == EOPNOTSUPP || error == EPERM;
    CHECK(kept.attributes_lost == is_lost);
    CHECK(kept.error.number == (is_lost ? 0 : error));
  }
}

TEST_CASE("set-user bits are kept with their owner, and dropped without") {
  const TempDir folder;
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  Opened from = made(folder.file("a"), 0755);
  from.status.st_mode = S_IFREG | 06755;
  const Opened own = made(folder.file("b"), 0600);
  CHECK_FALSE(keep_metadata(-1, from.status, own.file.get()).error.happened());
  CHECK((status_of(own.file.get()).st_mode & 07777) == 06755);

  const testing::AsNobody nobody;
  from.status.st_uid = ::geteuid() + 1;
  const Opened foreign = made(folder.file("c"), 0600);
  CHECK_FALSE(keep_metadata(-1, from.status, foreign.file.get()).error.happened());
  CHECK((status_of(foreign.file.get()).st_mode & 07777) == 0755);
}

TEST_CASE("a link gets its own time, and what it points to is not touched") {
  const TempDir folder;
  const UniqueFd open(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Opened file = made(folder.file("file"), 0600);
  REQUIRE(::symlink("file", folder.file("link").c_str()) == 0);
  struct stat from {};
  REQUIRE(::lstat(folder.file("link").c_str(), &from) == 0);
  from.st_mtim = {77, 7};
  CHECK_FALSE(keep_metadata_at(open.get(), "link", from, open.get(), "link").error.happened());
  struct stat link {};
  REQUIRE(::lstat(folder.file("link").c_str(), &link) == 0);
  CHECK(link.st_mtim.tv_sec == 77);
  CHECK(status_of(file.file.get()).st_mtim.tv_sec == 2'000);
}

TEST_CASE("the same length and time is the same file, also where the target keeps less of a time") {
  // The bug: whole seconds were known alone. On exFAT, NTFS and shares of Windows an interrupted copy began anew each time.
  const TempDir folder;
  const UniqueFd open(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat source {
  }, target{};
  source.st_mode = target.st_mode = S_IFREG;
  source.st_size = target.st_size = 5;
  source.st_mtim = {11, 123'456'789};
  const auto is_same = [&] { return looks_the_same(source, target, open.get()); };
  for (const long kept : {123'456'789, 123'456'700, 123'456'000, 123'000'000, 120'000'000, 0}) {
    INFO(kept);
    target.st_mtim = {11, kept};
    CHECK(is_same());
    target.st_mtim.tv_nsec = kept + 1;
    CHECK_FALSE(is_same());
  }
  for (const timespec other : {timespec{12, 0}, timespec{10, 0}, timespec{11, 130'000'000}}) {  // this is no FAT: each second is kept
    target.st_mtim = other;
    CHECK_FALSE(is_same());
  }
  target = source;
  target.st_size = 6;
  CHECK_FALSE(is_same());
  target = source;
  target.st_mode = S_IFIFO;
  CHECK_FALSE(is_same());
}

TEST_CASE("nothing beneath a folder is reached through a link or upwards") {
  const TempDir folder;
  REQUIRE(::mkdir(folder.file("a").c_str(), 0700) == 0);
  REQUIRE(::mkdir(folder.file("a/b").c_str(), 0700) == 0);
  REQUIRE(::symlink("a", folder.file("link").c_str()) == 0);
  const UniqueFd root(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  CHECK(open_folder_beneath(root.get(), ""));
  CHECK(open_folder_beneath(root.get(), "a/b"));
  for (const char* path : {"link", "link/b", "..", "a/..", "a//b", "/a", "a/", ".", "a/c"}) {
    INFO(path);
    CHECK_FALSE(open_folder_beneath(root.get(), path));
  }
  const struct stat of_a = status_of(open_folder_beneath(root.get(), "a").get());
  CHECK(is_beneath(open_folder_beneath(root.get(), "a/b").get(), of_a));
  CHECK(is_beneath(open_folder_beneath(root.get(), "a").get(), of_a));
  CHECK_FALSE(is_beneath(root.get(), of_a));
}

// A file that had a temporary name took the place of what the target's file system has by the same name.
TEST_CASE("a rename to a free name replaces nothing") {
  const TempDir folder;
  const UniqueFd open(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  testing::write_file(folder.file("from"), "new");
  testing::write_file(folder.file("taken"), "old");
  CHECK(rename_to_free_name(open.get(), "from", "taken") == -1);
  CHECK(errno == EEXIST);
  CHECK(testing::read_file(folder.file("taken")) == "old");
  CHECK(rename_to_free_name(open.get(), "from", "free") == 0);
  CHECK(names_in(open.get()) == std::set<std::string>{"free", "taken"});
  CHECK_FALSE(names_in(-1));
}

TEST_CASE("a path beneath may be longer than one system call takes") {
  const TempDir folder;
  UniqueFd at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd root(::dup(at.get()));
  const std::string name(250, 'n');
  std::string path;
  for (int depth = 0; depth < 20; ++depth) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0700) == 0);
    at = UniqueFd(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    path += (path.empty() ? "" : "/") + name;
  }
  REQUIRE(path.size() > 4096);
  CHECK(open_folder_beneath(root.get(), path));
}

}  // namespace
}  // namespace jobpool::copy
