// The half of a TrialDisk that SQLite sees: a shim over the default VFS that asks the disk before each change. Not for use by tests
// directly.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string>

#include "tests/support/store/trial_disk.hpp"

namespace jobpool::testing {

class TrialVfs {
 public:
  explicit TrialVfs(TrialDisk& disk);
  ~TrialVfs();
  TrialVfs(const TrialVfs&) = delete;
  TrialVfs& operator=(const TrialVfs&) = delete;

  const std::string& name() const { return name_; }

 private:
  struct File;
  static TrialVfs& self(sqlite3_vfs* vfs) { return *static_cast<TrialVfs*>(vfs->pAppData); }
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static const sqlite3_io_methods& methods();
  int admit(Change change, int failure);

  TrialDisk& disk_;
  sqlite3_vfs* real_;
  std::string name_;
  sqlite3_vfs vfs_;
  std::atomic<int> refused_{0};  // the number of the last refusal
};

}  // namespace jobpool::testing
