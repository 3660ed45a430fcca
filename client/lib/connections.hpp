// The connections of one client: a few idle ones are kept, so that a call costs no connect. Thread-safe; held by Client and by the CLI.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "client/lib/connection.hpp"

namespace jobpool::client {

// Each costs the daemon a descriptor; more threads than this pay a connect now and then.
inline constexpr std::size_t kMaxIdleConnections = 4;

class Connections {
 public:
  // The first of `paths` that accepts is the daemon; from then on only that one is asked.
  explicit Connections(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // For a client that will have so many calls at once all the time. Before the first call.
  void keep_idle(std::size_t most) { most_idle_ = most; }

  // An idle connection, else a new one. An idle one may have been closed by the daemon meanwhile: its first send or receive tells.
  // Errors: closed: nobody listens; the text names the places and the remedy. Others as Connection::open.
  Result<Connection> take(TimePoint deadline);
  Result<Connection> open_new(TimePoint deadline);

  // Requires: no reply is outstanding on it.
  void give_back(Connection&& connection);

  // Where the daemon is, or the first place it is looked for.
  std::string path() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> paths_;  // one, once a connection was made
  std::vector<Connection> idle_;
  std::size_t most_idle_ = kMaxIdleConnections;
};

}  // namespace jobpool::client
