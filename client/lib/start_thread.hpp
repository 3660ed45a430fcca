// A thread, or why there is none. A host may refuse one at any time (RLIMIT_NPROC, systemd's TasksMax, a container's limit of processes),
// and std::thread throws then: in another thread of ours that would end the caller's program.
#pragma once

#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "common/result.hpp"

namespace jobpool::client {

// Errors: io.
template <class Body>
Result<std::thread> start_thread(Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return Error{Errc::io, "start a thread: " + error.code().message() + " (is there a limit of processes, or of memory?)"};
  }
}

}  // namespace jobpool::client
