// Reads the durable queues back from the store's tables, and believes nothing that is out of its range. Whoever holds the connection.
#pragma once

#include <vector>

#include "daemon/broker/queues/records.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

// All of them, ascending by id. Errors: io; protocol (a value that no version of ours writes, an item without its queue).
Result<std::vector<StoredQueue>> read_queues(const Database& database);

}  // namespace jobpool::broker
