// A private daemon for whoever has none, as tmux and gpg-agent do it: several command lines at once start exactly one.
// The lock file beside the socket is held from the last look for a daemon until the started one answered or died.
#pragma once

#include <string>

#include "client/lib/address.hpp"
#include "client/lib/connection.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

// Never inside a service (a daemon in its cgroup would die with it), nor where JOBPOOL_NO_AUTOSTART is set, and not empty.
// Errors: closed, with the reason.
Result<void> may_start_daemon();

struct DaemonStart {
  std::string program;    // absolute
  std::string socket;     // absolute
  std::string state_dir;  // empty: the daemon's default
  std::string log;
};

// jobpoold next to our own executable, in ../libexec/jobpool, or in PATH. Makes the directories of a default socket (mode 0700); an
// explicit socket gets a state directory of its own, `<socket>.state`. Errors: not_found (no jobpoold), permission_denied, io.
Result<DaemonStart> plan_daemon_start(const client::SocketPlan& plan, const client::Surroundings& around);

// The jobpoold that is meant there: absolute. Errors: not_found.
Result<std::string> find_daemon_program();

// The daemon's answer to a first Hello is waited for. Errors: closed: it died, with the last lines of its log; timed_out; io.
Result<client::Connection> start_daemon(const DaemonStart& start);
// Whether it ended with that: the daemon that was started died, and the text says what it logged.
bool is_death_at_start(const Error& error);

}  // namespace jobpool::cli
