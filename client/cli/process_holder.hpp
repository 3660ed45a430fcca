// Who holds a daemonic process's connection for a starter that is no client of ours ('process start --daemon-of PID'): a process in the
// background, which leaves when that one has ended, or the process itself.
#pragma once

#include <functional>
#include <string>

#include "client/lib/connection.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::cli {

// Starts the process; `tell` is given the daemon's answer, in the holder, whose stdout and stderr are still ours then; what it returns is
// returned here. `owner`: readable when the starter has ended. Requires: one thread.
int start_held(const proto::ProcessStartRequest& request, const std::string& socket, int owner,
               const std::function<int(const Result<client::Reply>&)>& tell);

}  // namespace jobpool::cli
