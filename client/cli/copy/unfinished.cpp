// flock and a small text. See unfinished.hpp.
#include "client/cli/copy/unfinished.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "client/cli/tell.hpp"
#include "common/copy/names.hpp"

namespace jobpool::cli {
namespace {

constexpr const char* kMark = copy::kUnfinishedName.data();
constexpr std::size_t kMostOfMark = 65'536;  // the path that is in it is much shorter

std::string text_of_mark(int mark) {
  std::string text(kMostOfMark, '\0');
  const ssize_t size = ::pread(mark, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

bool is_still_there(int target, int mark) {
  struct stat named {
  }, open{};
  return ::fstatat(target, kMark, &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(mark, &open) == 0 && named.st_ino == open.st_ino;
}

// A file tells by its lock whether it is in use: one that cannot be asked, since it is another user's or descriptors have run out, is left
// alone. Links, FIFOs and devices have their temporary name for a moment, and then their final one: ours are those that we made.
bool is_dead(int target, const char* name) {
  struct stat status {};
  if (::fstatat(target, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (!S_ISREG(status.st_mode)) return status.st_uid == ::geteuid();
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  // NFS locks alone what is open for writing; the copy's own files may be read alone once they have the source's mode.
  UniqueFd file(::openat(target, name, O_RDWR | kFlags));
  if (!file) file = UniqueFd(::openat(target, name, O_RDONLY | kFlags));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

bool is_unfinished(int folder) {
  struct stat status {};
  return ::fstatat(folder, kMark, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

Result<Unfinished> Unfinished::claim(int target, const std::string& source) {
  for (;;) {
    UniqueFd mark(::openat(target, kMark, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!mark) return errno_error("mark the copy as unfinished");
    if (::flock(mark.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      return Error{Errc::full, "another copy is at work in the target; wait for its end"};
    if (!is_still_there(target, mark.get())) continue;  // the other one has just finished
    const std::string before = text_of_mark(mark.get());
    if (!before.empty() && before != source)
      return Error{Errc::already_exists, "the target holds an unfinished copy of " + printable(before) + ", not of " + printable(source) +
                                             "; remove it, or finish it first"};
    if (before.empty() && ::pwrite(mark.get(), source.data(), source.size(), 0) != static_cast<ssize_t>(source.size()))
      return errno_error("mark the copy as unfinished");
    return Unfinished(target, std::move(mark));
  }
}

void Unfinished::remove() { ::unlinkat(target_, kMark, 0); }

void clear_leftovers(int target, int source) {
  const int listed = ::openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(listed < 0 ? nullptr : ::fdopendir(listed), &::closedir);
  if (!folder) return;
  std::vector<std::string> leftovers;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(copy::kTemporaryPrefix) && name != copy::kUnfinishedName) leftovers.emplace_back(name);
  }
  for (const std::string& name : leftovers) {
    struct stat status {};
    const bool is_copied = source >= 0 && ::fstatat(source, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_copied && is_dead(target, name.c_str())) ::unlinkat(target, name.c_str(), 0);
  }
}

void mark_in_use(int file) { ::flock(file, LOCK_EX | LOCK_NB); }

}  // namespace jobpool::cli
