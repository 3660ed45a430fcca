// Locking, and the record of the instance.
#include "daemon/supervisor/state_dir.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "common/clock.hpp"
#include "daemon/supervisor/files.hpp"
#include "daemon/supervisor/process_scan.hpp"

namespace jobpool::supervisor {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kInstance = "instance";
constexpr const char* kNewInstance = "instance.new";
constexpr const char* kOutput = "output";
constexpr std::size_t kLockBytes = 16, kMaxInstanceBytes = 8'192;  // a cgroup's path is in it
constexpr int kMaxLinks = 16;                                      // to the state directory, one leading to the next

// 0: the lock's text names nobody.
pid_t holder_of(int directory) {
  const auto text = read_file_at(directory, kLock, 32);
  if (!text) return 0;
  pid_t pid = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, pid);
  return error == std::errc{} && stop != end && *stop == '\n' && pid > 0 ? pid : 0;
}

Error held_by_another(const std::string& path, int directory) {
  const pid_t holder = holder_of(directory);
  return Error{Errc::already_exists, "state directory " + path + ": another daemon has it, pid " +
                                         (holder > 0 ? std::to_string(holder) : "unknown") + "; use that one, or another --state-dir"};
}

// Errors: already_exists; io.
Result<void> wait_for_lock(int file, int directory, const std::string& path, TimePoint deadline) {
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error(path + "/" + kLock);
    const pid_t holder = holder_of(directory);
    // Who is already on its way out is as good as dead. One that lives is not waited for: its end must not make us another daemon.
    const auto status = holder > 0 ? process_status(holder) : std::nullopt;
    const bool is_alive = holder <= 0 || (status && !status->is_dying);
    if (is_alive || Clock::now() >= deadline) return held_by_another(path, directory);
    ::poll(nullptr, 0, 5);  // nothing tells when a lock is free but the lock; this is over in milliseconds
  }
  return {};
}

bool is_empty(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_empty(path, error) && !error;
}

// A directory of ours may have been made by an administrator or by systemd with a wider mode. Where others could write, jobs may have been
// put that we never accepted, or links to files of ours: only an empty one is taken.
Result<void> make_private(int directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return errno_error("directory " + path);
  if (status.st_uid != ::geteuid()) return Error{Errc::permission_denied, "directory " + path + ": belongs to another user"};
  if ((status.st_mode & 0777) == 0700) return {};
  if (::fchmod(directory, 0700) != 0) return errno_error("directory " + path);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || is_empty("/proc/self/fd/" + std::to_string(directory))) return {};
  ::fchmod(directory, status.st_mode & 07777);  // as it was, so that the next start refuses it as well
  return Error{
      Errc::permission_denied,
      "directory " + path + ": others could write there, and it is not empty; look through it, then chmod go-w it, or say another"};
}

// Errors: permission_denied: another user's; io: what stands there is no link.
Result<std::string> text_of_own_link(const std::string& path) {
  const UniqueFd link(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!link || ::fstat(link.get(), &status) != 0) return errno_error("directory " + path);
  if (!S_ISLNK(status.st_mode)) return errno_error("directory " + path, ENOTDIR);
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{Errc::permission_denied, "directory " + path + ": is a symbolic link of another user's; name a directory itself"};
  std::string text(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link.get(), "", text.data(), text.size());
  if (size < 0) return errno_error("directory " + path);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Whoever may write above could lead us into a directory of ours that is for something else. So the kernel follows no link here: one of
// ours is read by descriptor, and where it leads is opened likewise; what is put in its place meanwhile does not count.
Result<UniqueFd> open_by_own_links(std::filesystem::path path) {
  const std::string named = path.string();
  for (int links = 0; links <= kMaxLinks; ++links) {
    while (!path.has_filename() && path.has_relative_path()) path = path.parent_path();  // a slash at the end follows, too
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory) return directory;
    if (errno != ELOOP && errno != ENOTDIR) return errno_error("directory " + named);
    const auto text = text_of_own_link(path.string());
    if (!text) return text.error();
    path = path.parent_path() / *text;
  }
  return errno_error("directory " + named, ELOOP);
}

Result<UniqueFd> make_or_open(const std::string& path) {
  auto directory = open_by_own_links(path);
  if (directory || directory.error().code != Errc::not_found) return directory;
  if (auto made = make_directory(path); !made) return made.error();
  return open_by_own_links(path);
}

// Not a pipe, nor a hard link to a file that is for something else: its text is overwritten.
Result<UniqueFd> open_own_file(int directory, const char* file, const std::string& name) {
  UniqueFd own(::openat(directory, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat status {};
  if (!own || ::fstat(own.get(), &status) != 0) return errno_error(name);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || status.st_nlink > 1)
    return Error{Errc::permission_denied, name + ": is no file of this daemon's alone; look who put it there, then remove it"};
  return own;
}

// A line, and empty ones behind it up to that size. What has been written once is written over from then on: no start needs room on the
// disk, since it is the daemon that can make some. So few bytes are not torn, whoever is killed.
Result<void> write_record(int file, std::string line, std::size_t size) {
  line.resize(std::max(size, line.size() + 1), '\n');
  if (::lseek(file, 0, SEEK_SET) != 0) return errno_error("lseek");
  if (auto written = write_all(file, line); !written) return written;
  if (::ftruncate(file, static_cast<off_t>(line.size())) != 0) return errno_error("ftruncate");
  return {};
}

}  // namespace

StateDir::StateDir(std::string path, UniqueFd directory, UniqueFd lock)
    : path_(std::move(path)), directory_(std::move(directory)), lock_(std::move(lock)) {}

Result<StateDir> StateDir::lock(const std::string& path, std::chrono::milliseconds patience) {
  auto directory = make_or_open(path);
  if (!directory) return directory.error();
  auto made_private = make_private(directory->get(), path);
  if (!made_private) return made_private.error();
  auto lock = open_own_file(directory->get(), kLock, path + "/" + kLock);
  if (!lock) return lock.error();
  if (auto locked = wait_for_lock(lock->get(), directory->get(), path, Clock::now() + patience); !locked) return locked.error();
  auto written = write_record(lock->get(), std::to_string(::getpid()), kLockBytes);
  if (!written) return Error{written.error().code, path + "/" + kLock + ": " + written.error().text};
  return StateDir(path, std::move(*directory), std::move(*lock));
}

StateDir StateDir::take_over(std::string path, UniqueFd directory, UniqueFd lock) {
  return StateDir(std::move(path), std::move(directory), std::move(lock));
}

Result<std::optional<Instance>> StateDir::earlier_instance() const {
  auto text = read_file_at(directory_.get(), kInstance, kMaxInstanceBytes);
  if (!text && text.error().code == Errc::not_found) return std::optional<Instance>();
  if (!text) return Error{text.error().code, path_ + "/" + text.error().text};
  // The name of a new file reached the disk before a power loss, and its bytes did not: an earlier boot's, of which nothing runs.
  if (text->find_first_not_of('\0') == std::string::npos) return std::optional<Instance>();
  auto instance = instance_from(*text);
  if (!instance) return Error{instance.error().code, path_ + "/" + kInstance + ": unreadable; end what it left running, then remove it"};
  return std::optional<Instance>(std::move(*instance));
}

Result<void> StateDir::write_instance(const Instance& instance) const {
  const std::string name = path_ + "/" + kInstance;
  // Of an instance that was killed: its record takes the new one, behind a name that says that it is not finished.
  if (::renameat(directory_.get(), kInstance, directory_.get(), kNewInstance) != 0 && errno != ENOENT) return errno_error(name);
  auto file = open_own_file(directory_.get(), kNewInstance, path_ + "/" + kNewInstance);
  if (!file && ::unlinkat(directory_.get(), kNewInstance, 0) == 0)  // what stands there is no record of ours
    file = open_own_file(directory_.get(), kNewInstance, path_ + "/" + kNewInstance);
  if (!file) return file.error();
  auto written = write_record(file->get(), to_text(instance), kMaxInstanceBytes);
  if (!written) return Error{written.error().code, name + ": " + written.error().text};
  // No fsync: the record matters only until the next boot, and the page cache lives as long. (earlier_instance() knows an empty one.)
  if (::renameat(directory_.get(), kNewInstance, directory_.get(), kInstance) != 0) return errno_error(name);
  return {};
}

void StateDir::remove_instance() const { ::renameat(directory_.get(), kInstance, directory_.get(), kNewInstance); }

Result<UniqueFd> StateDir::open_output() const {
  const std::string name = path_ + "/" + kOutput;
  if (::mkdirat(directory_.get(), kOutput, 0700) != 0 && errno != EEXIST) return errno_error("directory " + name);
  // A link there, to another disk, is our user's own.
  UniqueFd output(::openat(directory_.get(), kOutput, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!output) return errno_error("directory " + name);
  auto made_private = make_private(output.get(), name);
  if (!made_private) return made_private.error();
  return output;
}

}  // namespace jobpool::supervisor
