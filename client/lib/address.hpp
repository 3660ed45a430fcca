// Where the daemon's socket is looked for: the search order of the vocabulary, as a pure function of the environment.
// Used by the library to connect and by the CLI to decide where a private daemon is started. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jobpool::client {

// The part of the environment that decides. Empty: not set (or not absolute, where the XDG rules demand that).
struct Surroundings {
  std::string socket;             // $JOBPOOL_SOCKET
  std::string runtime_directory;  // $XDG_RUNTIME_DIR
  std::string user;               // $USER, else $LOGNAME
  std::string state_home;         // $XDG_STATE_HOME, else ~/.local/state
};
Surroundings surroundings();

struct SocketPlan {
  std::vector<std::string> candidates;  // the first that accepts is the daemon
  std::string start_at;                 // where a private daemon is started when none accepts; empty: nowhere
  bool is_explicit = false;             // the caller named the socket, so that nothing else was looked at
};

// `given` is what --socket said; empty: nothing. A relative name is kept as it is.
SocketPlan plan_socket(std::string_view given, const Surroundings& around);

}  // namespace jobpool::client
