// Notices, without polling, that the socket's file may have vanished from its directory. jobpoold.
#pragma once

#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::supervisor {

class SocketWatch {
 public:
  // Watches the directory of `socket_path`. Errors: io (too many watches), not_found (no such directory).
  static Result<SocketWatch> start(const std::string& socket_path);

  // Readable when something was removed from or moved out of the directory, or the directory itself.
  int fd() const { return inotify_.get(); }

  enum class Change { nothing_of_ours, maybe_ours };
  // Takes what there is to read; says whether the socket's file should be looked at.
  Change read();

 private:
  SocketWatch(std::string name, UniqueFd inotify);

  std::string name_;
  UniqueFd inotify_;
};

}  // namespace jobpool::supervisor
