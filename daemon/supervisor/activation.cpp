// sd_listen_fds and sd_notify by hand.
#include "daemon/supervisor/activation.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace jobpool::supervisor {
namespace {

constexpr int kFirstFd = 3;
constexpr int kMaxFds = 13;  // what fits into one welcome message, with the two others in it
constexpr std::string_view kName = "varlink";

template <class Number>
std::optional<Number> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  Number number{};
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::vector<std::string> names(int count) {
  const char* text = std::getenv("LISTEN_FDNAMES");
  std::vector<std::string> all;
  std::string_view rest = text == nullptr ? "" : text;
  while (text != nullptr) {
    const std::size_t end = rest.find(':');
    all.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  // A single socket needs no name.
  if (count == 1) all.assign(1, std::string(kName));
  all.resize(static_cast<std::size_t>(count));
  return all;
}

int socket_option(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

Result<std::string> check(const UniqueFd& socket) {
  const std::string name = "descriptor " + std::to_string(socket.get()) + " of $LISTEN_FDS";
  const bool fits = socket_option(socket.get(), SO_DOMAIN) == AF_UNIX && socket_option(socket.get(), SO_TYPE) == SOCK_STREAM &&
                    socket_option(socket.get(), SO_ACCEPTCONN) == 1;
  if (!fits) return Error{Errc::invalid_argument, name + ": is no listening Unix stream socket; set ListenStream=/path and Accept=no"};
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return errno_error(name);
  if (size <= offsetof(sockaddr_un, sun_path) || address.sun_path[0] == '\0') {
    return Error{Errc::invalid_argument, name + ": has no path in the file system; set ListenStream=/path"};
  }
  if (::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK) != 0) return errno_error(name);
  return std::string(address.sun_path, strnlen(address.sun_path, sizeof address.sun_path));
}

}  // namespace

Result<ActivationSockets> take_activation_sockets() {
  ActivationSockets taken;
  const auto pid = number_in<pid_t>("LISTEN_PID");
  const auto count = number_in<int>("LISTEN_FDS");
  if (!pid || *pid != ::getpid() || !count || *count < 1) return taken;
  if (*count > kMaxFds) return Error{Errc::invalid_argument, "$LISTEN_FDS: more than " + std::to_string(kMaxFds) + " sockets"};
  const auto all_names = names(*count);
  for (int i = 0; i < *count; ++i) {
    UniqueFd socket(kFirstFd + i);
    if (all_names[static_cast<std::size_t>(i)] != kName) continue;
    if (::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0)
      return errno_error("descriptor " + std::to_string(kFirstFd + i) + " of $LISTEN_FDS");
    auto path = check(socket);
    if (!path) return path.error();
    if (taken.sockets.empty()) taken.path = *path;
    taken.sockets.push_back(std::move(socket));
  }
  if (taken.sockets.empty()) {
    return Error{Errc::invalid_argument, "$LISTEN_FDNAMES names no 'varlink': set FileDescriptorName=varlink in the socket unit"};
  }
  return taken;
}

void notify(std::string_view state) {
  const char* where = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (where == nullptr || (where[0] != '/' && where[0] != '@')) return;
  const std::size_t length = std::strlen(where);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, where, length);
  if (where[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  // A manager that is busy has not read for a moment, and that we are ready is said once.
  constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  const auto pid = number_in<pid_t>("WATCHDOG_PID");
  const auto microseconds = number_in<std::int64_t>("WATCHDOG_USEC");
  if (!microseconds || *microseconds < 2 || (pid && *pid != ::getpid())) return std::nullopt;
  return std::chrono::microseconds(*microseconds / 2);
}

}  // namespace jobpool::supervisor
