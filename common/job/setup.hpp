// What a pool wants done in each of its fresh workers before their first job: the payload of an offer of the kind `setup`.
// The broker encodes it, the worker decodes it and reports its end as it would a function's; one that failed is the worker's last.
//
//   payload = version:u8 memory_bytes:u64 function:bytes pool:bytes arguments:bytes
//   bytes   = length:u32 octets; little-endian (the host's), every length checked before use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool {

struct WorkerSetup {
  std::uint64_t memory_bytes = 0;  // RLIMIT_DATA of the worker and of each process it starts; 0: as the daemon's
  std::string function;            // the pool's initializer, without the @; empty: none
  std::string pool;
  std::string arguments = "[]";  // JSON text of an array
};

std::string encode_setup(const WorkerSetup& setup);
// Errors: protocol, naming what was off.
Result<WorkerSetup> decode_setup(std::string_view payload);

}  // namespace jobpool
