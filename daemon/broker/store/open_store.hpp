// Opens the files of a state directory's store, or makes new ones; refuses whatever it should not touch, and says what to do then.
//
//   jobs.sqlite (with -wal beside it)   all rows; made under another name, and renamed when it is whole
//   results/<job>                       results too large for a row
//   ballast                             room for the worst hour
#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"
#include "daemon/broker/store/ballast.hpp"
#include "daemon/broker/store/coalescing_vfs.hpp"
#include "daemon/broker/store/result_files.hpp"
#include "daemon/broker/store/sqlite.hpp"
#include "daemon/broker/store/store_options.hpp"

namespace jobpool::broker {

// Stays where it is: statements point to `database`.
struct OpenStore {
  UniqueFd directory;
  std::unique_ptr<CoalescingVfs> vfs;  // the database's
  Database database;
  ResultFiles files;
  Ballast ballast;
  bool has_ballast;  // false: the disk is full already
};

// Errors: unsupported (a network file system, a later version); already_exists (another process has it); protocol (damaged, foreign, or
// parts are missing); permission_denied, not_found, full, io.
Result<std::unique_ptr<OpenStore>> open_store(const StoreOptions& options);

// Of a store that another process has open, or that is not there yet: whether this program knows its version.
// Errors: unsupported (a later version), permission_denied, io.
Result<void> check_store(const std::string& state_dir);

}  // namespace jobpool::broker
