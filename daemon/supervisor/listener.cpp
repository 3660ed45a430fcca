// Binding, and finding out whether a socket file is stale.
#include "daemon/supervisor/listener.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr uid_t kUnknownUid = 65534;  // what the kernel shows for users without a number in this user namespace
constexpr int kBacklog = 4096;        // the kernel's own limit (net.core.somaxconn); a broker's restart must not refuse anybody

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{Errc::invalid_argument, "socket " + path + ": longer than " + std::to_string(sizeof address.sun_path - 1) +
                                             " bytes, which is all that a Unix socket's address holds; say --socket PATH"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<UniqueFd> make_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("socket");
  return socket;
}

// The file gets the socket's mode: never, not even for a moment, is it open to others.
Result<UniqueFd> bind_and_listen(const std::string& path, const sockaddr_un& address) {
  auto socket = make_socket();
  if (!socket) return socket;
  if (::fchmod(socket->get(), 0600) != 0) return errno_error("socket " + path);
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE) return Error{Errc::already_exists, "socket " + path + ": something else is there already"};
    return errno_error("socket " + path);
  }
  if (::listen(socket->get(), kBacklog) != 0) return errno_error("socket " + path);
  return socket;
}

// Whether somebody lives behind it. The processes of a daemon that was killed a moment ago are seen no more while they still have its
// sockets: then a connection is taken, and ends with them.
Result<bool> is_answered(const std::string& path, const sockaddr_un& address) {
  constexpr std::chrono::milliseconds kToBeGone{1000}, kPause{10};
  for (const TimePoint deadline = Clock::now() + kToBeGone;;) {
    auto probe = make_socket();
    if (!probe) return probe.error();
    if (::connect(probe->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (errno == ECONNREFUSED) return false;
      // A full backlog (EAGAIN) is a living daemon too.
      return errno == EAGAIN || errno == EINPROGRESS ? Result<bool>(true) : errno_error("socket " + path);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd end{probe->get(), 0, 0};  // of the connection: that is told in any case
    if (left <= 0 || ::poll(&end, 1, static_cast<int>(left)) == 0) return true;
    ::poll(nullptr, 0, kPause.count());
  }
}

Result<void> remove_if_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? Result<void>() : errno_error("socket " + path);
  if (!S_ISSOCK(status.st_mode)) return Error{Errc::already_exists, "socket " + path + ": is a file of another kind; move it away"};
  // Whoever answers there is not to be taken for a daemon of this user's.
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{Errc::permission_denied,
                 "socket " + path + ": uid " + std::to_string(status.st_uid) + " has put one there; say another --socket"};
  const auto answered = is_answered(path, address);
  if (!answered) return answered.error();
  if (*answered)
    return Error{Errc::already_exists, "socket " + path + ": a daemon answers there already; use that one, or say another --socket"};
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("socket " + path);
  return {};
}

// In such a directory another user could put a socket of his own in the place of ours, and be taken for the daemon.
Result<void> refuse_unsafe_directory(const UniqueFd& directory, const std::string& name) {
  struct stat status {};
  if (::fstat(directory.get(), &status) != 0) return errno_error("directory " + name);
  // Root itself has no number in some user namespaces; there, too, /tmp is to be used.
  const bool is_roots_tmp = status.st_uid == kUnknownUid && (status.st_mode & S_ISVTX) != 0;
  if (status.st_uid != ::geteuid() && status.st_uid != 0 && !is_roots_tmp)
    return Error{Errc::permission_denied, "directory " + name + ": belongs to uid " + std::to_string(status.st_uid) +
                                              ", who could put a socket of his own there; say another --socket"};
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    return Error{Errc::permission_denied,
                 "directory " + name + ": anybody could put a socket of his own there; chmod o-w it, or say another --socket"};
  return {};
}

// Two daemons that start at once must not each remove the other's fresh socket. Waits a little, then takes its chance with an error.
Result<void> lock_directory(const UniqueFd& directory, const std::string& name) {
  constexpr int kTries = 200;
  constexpr int kPauseMs = 10;
  for (int tries = 0; tries < kTries; ++tries) {
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return errno_error("directory " + name);
    ::poll(nullptr, 0, kPauseMs);
  }
  return Error{Errc::already_exists, "directory " + name + ": another program keeps it locked; say another --socket"};
}

}  // namespace

Listener::Listener(std::string path, bool activated, std::optional<gid_t> access_group)
    : path_(std::move(path)), activated_(activated), access_group_(access_group) {}

Result<Listener> Listener::bind(const std::string& path, std::optional<gid_t> access_group) {
  auto address = address_of(path);
  if (!address) return address.error();
  const std::string parent = std::filesystem::path(path).parent_path().string();
  auto directory = make_directory(parent);
  if (!directory) return directory.error();
  if (auto safe = refuse_unsafe_directory(*directory, parent); !safe) return safe.error();
  auto locked = lock_directory(*directory, parent);
  if (!locked) return locked.error();
  auto removed = remove_if_stale(path, *address);
  if (!removed) return removed.error();
  Listener listener(path, false, access_group);
  if (auto placed = listener.place(); !placed) return placed.error();
  if (auto set = access_group ? listener.set_access() : Result<void>(); !set) return set.error();
  return listener;
}

Result<std::optional<Listener>> Listener::from_environment() {
  auto passed = take_activation_sockets();
  if (!passed) return passed.error();
  if (passed->sockets.empty()) return std::optional<Listener>();
  Listener listener(std::move(passed->path), true, {});
  listener.sockets_ = std::move(passed->sockets);
  return std::optional<Listener>(std::move(listener));
}

Listener Listener::take_over(std::string path, const ListenerRecord& record, std::optional<gid_t> access_group) {
  Listener listener(std::move(path), record.activated, access_group);
  listener.device_ = record.device;
  listener.inode_ = record.inode;
  for (const int socket : record.sockets) listener.sockets_.emplace_back(socket);
  return listener;
}

ListenerRecord Listener::remember() const { return {activated_, device_, inode_, fds()}; }

std::vector<int> Listener::fds() const {
  std::vector<int> fds;
  for (const UniqueFd& socket : sockets_) fds.push_back(socket.get());
  return fds;
}

bool Listener::is_in_place() const {
  if (activated_) return true;
  struct stat status {};
  return ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

Result<void> Listener::bind_again() {
  if (auto placed = place(); !placed) return placed;
  // It is its owner's alone then. To serve nobody instead would help nobody, and jobs run.
  if (auto set = access_group_ ? set_access() : Result<void>(); !set) log::error("{}; going on", set.error().text);
  return {};
}

// With mode 0600.
Result<void> Listener::place() {
  auto address = address_of(path_);
  if (!address) return address.error();
  auto directory = make_directory(std::filesystem::path(path_).parent_path().string());
  if (!directory) return directory.error();
  auto socket = bind_and_listen(path_, *address);
  if (!socket) return socket.error();
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return errno_error("socket " + path_);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  sockets_.clear();
  sockets_.push_back(std::move(*socket));
  return {};
}

Result<void> Listener::set_access() const {
  if (activated_) return {};
  // The file that was bound, whatever stands at its path by now.
  const UniqueFd file(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return errno_error("socket " + path_);
  if (status.st_dev != device_ || status.st_ino != inode_) return Error{Errc::io, "socket " + path_ + ": something else is there"};
  // Between the two nobody gets more than in the end.
  const std::string itself = "/proc/self/fd/" + std::to_string(file.get());
  if (::chmod(itself.c_str(), 0600) != 0) return errno_error("socket " + path_);
  const gid_t group = access_group_.value_or(::getegid());
  if (status.st_gid != group && ::fchownat(file.get(), "", static_cast<uid_t>(-1), group, AT_EMPTY_PATH) != 0) {
    if (errno == EPERM)
      return Error{Errc::permission_denied, "socket " + path_ + ": cannot be given to the group " + std::to_string(group) +
                                                ", of which the daemon's user must be a member"};
    return errno_error("socket " + path_);
  }
  if (access_group_ && ::chmod(itself.c_str(), 0660) != 0) return errno_error("socket " + path_);
  return {};
}

void Listener::remove() const {
  if (!activated_ && is_in_place()) ::unlink(path_.c_str());
}

}  // namespace jobpool::supervisor
