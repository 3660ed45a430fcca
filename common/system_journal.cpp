// See system_journal.hpp.
#include "common/system_journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

namespace jobpool {

bool is_journal_stream(std::string_view stream, int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return false;
  return stream == std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

Result<UniqueFd> connect_journal(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) return Error{Errc::io, std::string{path} + ": too long for a socket"};
  std::strcpy(address.sun_path, path);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return errno_error(path);
  return socket;
}

std::string journal_entry(std::string_view program, int priority, std::string_view message, const log::About* about) {
  std::string entry;
  const auto field = [&entry](std::string_view name, std::string_view value) { entry.append(name).append("=").append(value).append("\n"); };
  field("MESSAGE", message);
  field("PRIORITY", std::to_string(priority));
  field("SYSLOG_IDENTIFIER", program);
  if (about == nullptr) return entry;
  const auto number_if = [&](std::string_view name, std::uint64_t value) {
    if (value != 0) field(name, std::to_string(value));
  };
  number_if("JOBPOOL_JOB_ID", about->job);
  if (!about->pool.empty()) field("JOBPOOL_POOL", log::escaped(about->pool));
  if (!about->outcome.empty()) field("JOBPOOL_OUTCOME", about->outcome);
  number_if("JOBPOOL_ATTEMPT", about->attempt);
  number_if("JOBPOOL_WORKER", about->worker);
  return entry;
}

bool send_to_journal(int journal, std::string_view entry) {
  return ::send(journal, entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(entry.size());
}

}  // namespace jobpool
