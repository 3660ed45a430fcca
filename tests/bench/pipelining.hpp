// One thread that keeps a socket full: writes requests while it reads the answers. The client of both sides of async_rate.
#pragma once

#include <string>

namespace jobpool::bench {

// Sends `request` so many times, as many in one write as the socket takes, and returns the answers as they came.
// Requires: `answers` messages come back, each with one NUL at its end. Gives up when the peer goes away.
std::string pipeline(int socket, const std::string& request, long times, long answers);

}  // namespace jobpool::bench
