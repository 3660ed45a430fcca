// The store's tables, and how an older file becomes one of today. A file of a later version is refused, never touched.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

inline constexpr std::int64_t kApplicationId = 0x4A504F4C;  // "JPOL": says whose file it is, to `file` as well
inline constexpr std::int64_t kSchemaVersion = 6;

// Reads only. Errors: protocol (another program's file), unsupported (a later version's), io.
Result<void> check_origin(Database& database);

// The same of a file that another process has open, by its header alone. Errors: unsupported, not_found, permission_denied, io.
Result<void> check_header(const std::string& path);

// Brings the file to kSchemaVersion, a transaction a version, and its header with it where there is room. Requires: check_origin() found no
// fault. Errors: io, full.
Result<void> migrate(Database& database);

}  // namespace jobpool::broker
