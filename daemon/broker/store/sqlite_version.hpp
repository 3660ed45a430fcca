// Which SQLite the store is kept by. Any thread.
#pragma once

#include <string>

namespace jobpool::broker {

// "SQLite 3.40.1 THREADSAFE=1 …": its version, and what it was compiled with.
std::string sqlite_version();

}  // namespace jobpool::broker
