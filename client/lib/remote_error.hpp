// What a Varlink error of the daemon means to people: a sentence that names the thing and the remedy. No I/O.
#pragma once

#include "client/lib/connection.hpp"
#include "common/result.hpp"

namespace jobpool::client {

// Requires: reply.error is not empty. The names that are not ours give Errc::protocol.
Error describe_error(const Reply& reply);

}  // namespace jobpool::client
