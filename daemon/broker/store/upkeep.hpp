// Keeps the store's files small: moves the log into the database (checkpoint) and gives pages that became free back to the disk.
// Always between commits, in bounded steps, so that a batch that comes meanwhile waits for one step at most. The store's thread.
#pragma once

#include "common/clock.hpp"
#include "common/result.hpp"
#include "daemon/broker/store/sqlite.hpp"
#include "daemon/broker/store/store_options.hpp"

namespace jobpool::broker {

class Upkeep {
 public:
  // Requires: `database` outlives this.
  Upkeep(Database& database, const StoreOptions& options, TimePoint now);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // Errors of all: io, protocol. A full disk is none: it is tried again later.
  Result<void> after_commit(TimePoint now);

  // When the next step is due, if nothing is committed before; TimePoint::max(): never. The step, when_idle(): free pages go back to the
  // disk; then the log is made as long as commits need it for a while, neither longer nor shorter.
  TimePoint due() const { return due_; }
  Result<void> when_idle(TimePoint now);

  // The log's pages go into the database, and the log begins anew: it needs no more room for a while.
  Result<void> checkpoint();
  // The log's file becomes empty: the next broker reads the database only.
  Result<void> truncate_log();

 private:
  static int on_commit(void* self, sqlite3* handle, const char* schema, int log_pages);
  Result<std::int64_t> free_pages() { return database_.number("PRAGMA freelist_count"); }
  Result<void> checkpoint(int mode);
  Result<void> tidy_log(TimePoint now);
  Result<void> vacuum_step();
  Result<void> forgive_full(Result<void> done);

  Database& database_;
  const Microseconds idle_;
  const std::int64_t log_room_;
  int log_pages_ = 0;
  bool has_committed_ = false;
  bool is_log_tidy_ = false;
  TimePoint due_;
  TimePoint next_checkpoint_{}, next_vacuum_{};
};

}  // namespace jobpool::broker
