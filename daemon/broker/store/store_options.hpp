// What a SqliteStore is opened with.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "daemon/broker/store/disk.hpp"
#include "daemon/broker/store/file_system.hpp"

namespace jobpool::broker {

struct StoreOptions {
  std::string state_dir;  // exists

  // A row of more than this would make every look at its neighbours slow.
  std::size_t inline_result_bytes = 64 * 1024;
  // Takes the log of one checkpoint (kCheckpointPages) and the ends of some thousand jobs.
  std::size_t ballast_bytes = 4 * 1024 * 1024;
  // How often a full disk is tried again.
  std::chrono::milliseconds try_again{1'000};
  // How long nothing is committed before the files are tidied: free pages go back, the log is made as long as it is to be.
  std::chrono::milliseconds idle{1'000};
  // So many bytes of the log's file are kept to be written over: about one checkpoint's log.
  std::size_t log_room_bytes = 4 * 1024 * 1024;

  // For tests: what stands between the store and its disk. `vfs` is the name of a registered sqlite3_vfs; empty: SQLite's own.
  std::string vfs;
  Disk* disk = &system_disk();
  std::function<Result<FileSystem>(int)> file_system = file_system_of;
};

}  // namespace jobpool::broker
