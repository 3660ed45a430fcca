// A VFS of SQLite's over another one, in which writes that follow each other in a file reach it as one. SQLite writes each page of its log
// in two calls, and a checkpoint each page in one, though they lie side by side; such a call costs 8 µs (ext4, in a virtual machine), the
// copy of a page a tenth of that. Five pages of a commit: 83 µs in ten calls, 18 in one.
//
// Whatever looks at a file writes first what waits: a read, a sync, its size, its end. An error of such a write is told to whoever was
// first to look, at the latest by the sync that a commit ends with; what waited is gone then, as if it had not been written. For files that
// no other process reads. One thread at a time for each file.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>

namespace jobpool::broker {

class CoalescingVfs {
 public:
  // Of what waits for more. What is longer goes its own way.
  static constexpr std::size_t kMostBytes = 64 * 1024;

  // `base`: the name of a registered VFS, which must outlive this; empty: SQLite's own. None of that name: neither is there one of name().
  explicit CoalescingVfs(const std::string& base);
  // Requires: nothing that was opened with it is open.
  ~CoalescingVfs();
  CoalescingVfs(const CoalescingVfs&) = delete;
  CoalescingVfs& operator=(const CoalescingVfs&) = delete;

  const std::string& name() const { return name_; }

 private:
  struct File;
  static CoalescingVfs& self(sqlite3_vfs* vfs) { return *static_cast<CoalescingVfs*>(vfs->pAppData); }
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static const sqlite3_io_methods& methods();

  sqlite3_vfs* const base_;
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace jobpool::broker
