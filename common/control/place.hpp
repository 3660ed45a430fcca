// Gives a worker that was started ahead, without a number, the words that its command line lacks (arguments.hpp): one message over its
// SOCK_SEQPACKET socket to the supervisor, and the only one that ever goes over it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace jobpool::control {

// Errors: closed (it is dead), full, io; invalid_argument: they are longer than any path and two numbers may be.
Result<void> send_place(int socket, std::span<const std::string> words);

// Errors: full (it has not come), closed (none will: the other end is gone), protocol.
Result<std::vector<std::string>> receive_place(int socket);

}  // namespace jobpool::control
