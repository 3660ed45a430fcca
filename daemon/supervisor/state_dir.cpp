// Locking, and the record of the instance.
#include "daemon/supervisor/state_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kInstance = "instance";
constexpr const char* kNewInstance = "instance.new";
constexpr const char* kOutput = "output";
constexpr std::size_t kMaxRecordBytes = 512;

Error held_by_another(const std::string& path, int directory) {
  auto pid = read_file_at(directory, kLock, 32);
  std::string holder = pid ? pid->substr(0, pid->find('\n')) : "";
  if (holder.empty() || holder.find_first_not_of("0123456789") != std::string::npos) holder = "unknown";
  return Error{Errc::already_exists,
               "state directory " + path + ": another daemon has it, pid " + holder + "; use that one, or another --state-dir"};
}

// A directory of ours may have been made by an administrator or by systemd with a wider mode.
Result<void> make_private(int directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return errno_error("directory " + path);
  if (status.st_uid != ::geteuid()) return Error{Errc::permission_denied, "directory " + path + ": belongs to another user"};
  if ((status.st_mode & 0777) != 0700 && ::fchmod(directory, 0700) != 0) return errno_error("directory " + path);
  return {};
}

}  // namespace

StateDir::StateDir(std::string path, UniqueFd directory, UniqueFd lock)
    : path_(std::move(path)), directory_(std::move(directory)), lock_(std::move(lock)) {}

Result<StateDir> StateDir::lock(const std::string& path) {
  auto directory = make_directory(path);
  if (!directory) return directory.error();
  auto made_private = make_private(directory->get(), path);
  if (!made_private) return made_private.error();
  UniqueFd lock(::openat(directory->get(), kLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return errno_error(path + "/" + kLock);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? held_by_another(path, directory->get()) : errno_error(path + "/" + kLock);
  }
  if (::ftruncate(lock.get(), 0) != 0) return errno_error(path + "/" + kLock);
  auto written = write_all(lock.get(), std::to_string(::getpid()) + "\n");
  if (!written) return Error{written.error().code, path + "/" + kLock + ": " + written.error().text};
  return StateDir(path, std::move(*directory), std::move(lock));
}

StateDir StateDir::take_over(std::string path, UniqueFd directory, UniqueFd lock) {
  return StateDir(std::move(path), std::move(directory), std::move(lock));
}

Result<std::optional<Instance>> StateDir::earlier_instance() const {
  auto text = read_file_at(directory_.get(), kInstance, kMaxRecordBytes);
  if (!text && text.error().code == Errc::not_found) return std::optional<Instance>();
  if (!text) return Error{text.error().code, path_ + "/" + text.error().text};
  auto instance = instance_from(*text);
  if (!instance) return Error{instance.error().code, path_ + "/" + kInstance + ": unreadable; end what it left running, then remove it"};
  return std::optional<Instance>(std::move(*instance));
}

Result<void> StateDir::write_instance(const Instance& instance) const {
  const std::string name = path_ + "/" + kInstance;
  const UniqueFd file(::openat(directory_.get(), kNewInstance, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return errno_error(name);
  auto written = write_all(file.get(), to_text(instance));
  if (!written) return Error{written.error().code, name + ": " + written.error().text};
  // No fsync: the record matters only until the next boot, and the page cache lives as long.
  if (::renameat(directory_.get(), kNewInstance, directory_.get(), kInstance) != 0) return errno_error(name);
  return {};
}

void StateDir::remove_instance() const { ::unlinkat(directory_.get(), kInstance, 0); }

Result<UniqueFd> StateDir::open_output() const {
  auto output = make_directory(path_ + "/" + kOutput);
  if (!output) return output;
  auto made_private = make_private(output->get(), path_ + "/" + kOutput);
  if (!made_private) return made_private.error();
  return output;
}

}  // namespace jobpool::supervisor
