// Where a private daemon's program, socket, state and log are: the deciding half of autostart.hpp.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>

#include "client/cli/autostart.hpp"
#include "client/lib/submission.hpp"

namespace jobpool::cli {
namespace {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// All missing parents too, for our eyes only; what is there already keeps its mode.
Result<void> make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("make the directory " + part);
    if (end == std::string::npos) return {};
  }
}

// In somebody else's directory somebody else could put the socket.
Result<void> require_own_directory(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error(path);
  if (status.st_uid != ::geteuid() || !S_ISDIR(status.st_mode))
    return Error{Errc::permission_denied, path + " is no directory of yours: no private daemon is started there"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Errc::permission_denied, path + " is writable by others: no private daemon is started there; chmod go-w it"};
  return {};
}

std::string own_directory() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size <= 0 ? std::string{} : directory_of(std::string{path.data(), static_cast<std::size_t>(size)});
}

Result<DaemonStart> plan_explicit(std::string socket, std::string program) {
  if (!socket.starts_with('/')) {
    const Result<std::string> here = client::current_directory();
    if (!here) return here.error();
    socket = *here + "/" + socket;
  }
  const std::string directory = directory_of(socket);
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    return errno_error("no daemon at " + socket + ", and none can be started there: " + directory);
  const std::string state = socket + ".state";
  if (auto made = make_directories(state); !made) return made.error();
  if (auto own = require_own_directory(state); !own) return own.error();
  return DaemonStart{std::move(program), std::move(socket), state, state + "/jobpoold.log"};
}

}  // namespace

Result<std::string> find_daemon_program() {
  std::vector<std::string> places;
  if (const std::string own = own_directory(); !own.empty()) places = {own, own + "/../libexec/jobpool"};
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const std::size_t colon = rest.find(':');
    if (rest.starts_with('/')) places.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  for (const std::string& place : places) {
    std::string program = place + "/jobpoold";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return Error{Errc::not_found, "there is no jobpoold to start: it is neither beside jobpool, nor in ../libexec/jobpool, nor in PATH"};
}

Result<DaemonStart> plan_daemon_start(const client::SocketPlan& plan, const client::Surroundings& around) {
  Result<std::string> program = find_daemon_program();
  if (!program) return Error{program.error().code, "no daemon answers, and " + program.error().text};
  if (plan.is_explicit) return plan_explicit(plan.start_at, std::move(*program));
  if (plan.start_at.empty())
    return Error{Errc::closed, "no place for a daemon: set $XDG_RUNTIME_DIR or $HOME, or name a socket with --socket"};

  const std::string directory = directory_of(plan.start_at);
  if (auto made = make_directories(directory); !made) return made.error();
  if (auto own = require_own_directory(directory); !own) return own.error();
  const std::string log_directory = around.state_home.empty() ? directory : around.state_home + "/jobpool";
  if (auto made = make_directories(log_directory); !made) return made.error();
  return DaemonStart{std::move(*program), plan.start_at, "", log_directory + "/jobpoold.log"};
}

}  // namespace jobpool::cli
