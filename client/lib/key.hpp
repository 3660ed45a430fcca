// Idempotency keys: what lets a call be sent a second time and still be the same job. Any thread.
#pragma once

#include <string>

namespace jobpool::client {

// A call key (common/call_key): 32 lower-case hexadecimal digits, 128 bits of the kernel's randomness: two clients never make the same.
std::string make_key();

}  // namespace jobpool::client
