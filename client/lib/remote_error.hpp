// What a Varlink error of the daemon means to people: a sentence that names the thing and the remedy. No I/O.
#pragma once

#include <string_view>

#include "client/lib/connection.hpp"
#include "common/result.hpp"

namespace jobpool::client {

// Requires: reply.error is not empty. The names that are not ours give Errc::protocol.
Error describe_error(const Reply& reply);
// Likewise, where it was told within a reply. `parameters`: JSON text of the object.
Error describe_error(std::string_view error, std::string_view parameters);

}  // namespace jobpool::client
