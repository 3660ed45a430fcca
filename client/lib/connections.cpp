// The idle list, and the search for the first socket that accepts. See connections.hpp.
#include "client/lib/connections.hpp"

namespace jobpool::client {
namespace {

Error nobody_listens(const std::vector<std::string>& paths) {
  if (paths.empty())
    return Error{Errc::closed, "no place to look for a daemon: set $JOBPOOL_SOCKET, $XDG_RUNTIME_DIR or $HOME, or name it with --socket"};
  std::string places;
  for (const std::string& path : paths) places += (places.empty() ? "" : " or ") + path;
  return Error{Errc::closed, "no daemon at " + places + ": start one with 'jobpoold --socket " + paths.front() + "'"};
}

}  // namespace

Result<Connection> Connections::take(TimePoint deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Result<Connection> connection{std::move(idle_.back())};
      idle_.pop_back();
      return connection;
    }
  }
  return open_new(deadline);
}

Result<Connection> Connections::open_new(TimePoint deadline) {
  std::vector<std::string> paths;
  {
    const std::lock_guard lock(mutex_);
    paths = paths_;
  }
  std::optional<Error> refused;  // somebody is there but would not have us: says more than "nobody listens"
  for (const std::string& path : paths) {
    Result<Connection> connection = Connection::open(path, deadline);
    if (connection) {
      const std::lock_guard lock(mutex_);
      paths_ = {path};
      return connection;
    }
    const Errc code = connection.error().code;
    if (code != Errc::not_found && code != Errc::closed && !refused) refused = connection.error();
  }
  return refused ? *refused : nobody_listens(paths);
}

void Connections::give_back(Connection&& connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < most_idle_) idle_.push_back(std::move(connection));
}

std::string Connections::path() const {
  const std::lock_guard lock(mutex_);
  return paths_.empty() ? std::string{} : paths_.front();
}

}  // namespace jobpool::client
