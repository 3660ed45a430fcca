// The order matters: an owner's change takes away set-user bits and capabilities; attributes cannot be set on what the mode has made
// read-only; an ACL changes the mode's group bits; times last.
#include "common/copy/metadata.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/copy/attributes.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::copy {
namespace {

constexpr mode_t kModeBits = 07777;
constexpr mode_t kLentRights = S_ISUID | S_ISGID;
// What file systems cut times to, in nanoseconds: NTFS and SMB to 100, UDF to a microsecond, some servers to a
// millisecond, exFAT to ten, older ones to a second.
constexpr std::array kUnitsOfTime{1L, 100L, 1'000L, 1'000'000L, 10'000'000L, 1'000'000'000L};

std::array<timespec, 2> times_of(const struct stat& file) { return {file.st_atim, file.st_mtim}; }

bool keeps_even_seconds(int folder) {
  struct statfs kind {};
  return ::fstatfs(folder, &kind) == 0 && kind.f_type == MSDOS_SUPER_MAGIC;  // vfat too
}

// Whether a new file has them already.
bool has_owner(const struct stat& from, Inheritance inherited) {
  return from.st_uid == ::geteuid() && from.st_gid == ::getegid() && !inherited.group;
}

// False: owner or group is another one than the source's.
template <class ChangeOwner>
bool keep_owner(const struct stat& from, ChangeOwner change) {
  if (change(from.st_uid, from.st_gid) == 0) return true;
  const bool is_own = from.st_uid == ::geteuid();
  return change(static_cast<uid_t>(-1), from.st_gid) == 0 && is_own;
}

mode_t mode_of(const struct stat& from, bool owner_kept) {
  const mode_t mode = from.st_mode & kModeBits;
  // Of a folder the set-group bit says only whose group new files have.
  return owner_kept || S_ISDIR(from.st_mode) ? mode : mode & ~kLentRights;
}

std::string path_in(int folder, const std::string& name) { return "/proc/self/fd/" + std::to_string(folder) + "/" + name; }

// There is no fchmodat that follows no link; through a descriptor that opens nothing there is.
int change_mode_at(int folder, const std::string& name, mode_t mode) {
  const UniqueFd node(::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!node) return -1;
  return ::chmod(("/proc/self/fd/" + std::to_string(node.get())).c_str(), mode);
}

}  // namespace

Inheritance inheritance_of(int folder) {
  struct stat status {};
  Inheritance inherited;
  inherited.group = ::fstat(folder, &status) != 0 || (status.st_mode & S_ISGID) != 0;
  if (::fgetxattr(folder, kDefaultAcl, nullptr, 0) > 0) inherited.acl = InheritedAcl::remove;
  return inherited;
}

Kept keep_metadata(int source, const struct stat& from, int to, Inheritance inherited) {
  Kept kept;
  const bool owner_kept =
      has_owner(from, inherited) || keep_owner(from, [to](uid_t user, gid_t group) { return ::fchown(to, user, group); });
  AttributesKept attributes;
  if (source >= 0) attributes = copy_attributes({source}, {to});
  kept.attributes_lost = attributes.lost;
  kept.error = attributes.error;
  if (!attributes.has_acl && inherited.acl == InheritedAcl::remove) remove_acl(to, kAccessAcl);
  if (::fchmod(to, mode_of(from, owner_kept)) != 0 && !kept.error.happened()) kept.error = failed_to("set the mode");
  if (::futimens(to, times_of(from).data()) != 0 && !kept.error.happened()) kept.error = failed_to("set the times");
  return kept;
}

Kept keep_metadata_at(int source_folder, const std::string& source_name, const struct stat& from, int target_folder,
                      const std::string& target_name) {
  Kept kept;
  const char* name = target_name.c_str();
  const bool owner_kept =
      keep_owner(from, [&](uid_t user, gid_t group) { return ::fchownat(target_folder, name, user, group, AT_SYMLINK_NOFOLLOW); });
  const AttributesKept attributes = copy_attributes({-1, path_in(source_folder, source_name)}, {-1, path_in(target_folder, target_name)});
  kept.attributes_lost = attributes.lost;
  kept.error = attributes.error;
  if (!S_ISLNK(from.st_mode) && change_mode_at(target_folder, target_name, mode_of(from, owner_kept)) != 0 && !kept.error.happened())
    kept.error = failed_to("set the mode");
  if (::utimensat(target_folder, name, times_of(from).data(), AT_SYMLINK_NOFOLLOW) != 0 && !kept.error.happened())
    kept.error = failed_to("set the times");
  return kept;
}

bool looks_the_same(const struct stat& source, const struct stat& target, int target_folder) {
  if (!S_ISREG(target.st_mode) || source.st_size != target.st_size) return false;
  const timespec &wanted = source.st_mtim, &kept = target.st_mtim;
  const auto is_cut_to = [&](long unit) { return kept.tv_nsec == wanted.tv_nsec / unit * unit; };
  if (kept.tv_sec == wanted.tv_sec) return std::any_of(kUnitsOfTime.begin(), kUnitsOfTime.end(), is_cut_to);
  return kept.tv_sec == wanted.tv_sec - 1 && wanted.tv_sec % 2 != 0 && kept.tv_nsec == 0 && keeps_even_seconds(target_folder);
}

bool is_unchanged(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

}  // namespace jobpool::copy
