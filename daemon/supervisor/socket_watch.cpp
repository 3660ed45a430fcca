// inotify on the socket's directory.
#include "daemon/supervisor/socket_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>

namespace jobpool::supervisor {

SocketWatch::SocketWatch(std::string name, UniqueFd inotify) : name_(std::move(name)), inotify_(std::move(inotify)) {}

Result<SocketWatch> SocketWatch::start(const std::string& socket_path) {
  const std::filesystem::path path(socket_path);
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return errno_error("inotify");
  constexpr std::uint32_t kEvents = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(inotify.get(), path.parent_path().c_str(), kEvents) < 0) {
    return errno_error("watching directory " + path.parent_path().string());
  }
  return SocketWatch(path.filename().string(), std::move(inotify));
}

SocketWatch::Change SocketWatch::read() {
  Change change = Change::nothing_of_ours;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return change;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      // No name: the directory itself, or events were lost.
      if (event.len == 0 || name_ == name) change = Change::maybe_ours;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace jobpool::supervisor
