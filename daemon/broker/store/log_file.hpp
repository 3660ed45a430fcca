// The file of SQLite's log, by SQLite's own handle of it, for what SQLite does not do: room ahead of need. A sync of bytes that are written
// over takes half as long as one that makes the file longer, and needs a new length recorded.
// Zeros behind a log are no log, and no part of one, to whoever reads it. The store's thread, between transactions.
#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

// At the open: all that is in it is on the disk when this returns a value; also what a process that is dead now wrote, and died before its
// sync, or was told that it failed. (Linux forgets that such pages are not on the disk: who syncs after that syncs nothing. So all of it is
// written again. A full disk that writes nothing in place has no room even for that: there it is only synced.) Errors: io.
Result<void> renew_log_file(const Database& database);

// 0: it is not there.
std::int64_t log_file_bytes(const Database& database);

// Makes it longer by so many zeros, which are on the disk then. False: the disk would not, and it is as it was.
bool extend_log_file(const Database& database, std::int64_t bytes);

}  // namespace jobpool::broker
