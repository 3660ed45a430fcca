// What the store takes of its disk, told from the sizes of its files: a handful of system calls, whoever asks. Broker process, its one
// thread. Files of large results and of jobs' output are not looked through: there may be hundreds of thousands. What they take shows in
// what is free.
#pragma once

#include <cstdint>
#include <string>

namespace jobpool::broker {

struct StoreUse {
  std::int64_t database_bytes = 0;  // jobs.sqlite
  std::int64_t log_bytes = 0;       // its write-ahead log
  std::int64_t queues_bytes = 0;    // queues that are not durable
  std::int64_t free_bytes = 0;      // on that disk, for this user
};

// What is not there counts nothing.
StoreUse store_use(const std::string& state_dir);

}  // namespace jobpool::broker
