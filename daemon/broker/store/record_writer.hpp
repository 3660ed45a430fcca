// Writes one record into the store's tables, inside a transaction that somebody else begins and commits. The store's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "daemon/broker/store/queue_writer.hpp"
#include "daemon/broker/store/records.hpp"
#include "daemon/broker/store/result_files.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

class RecordWriter {
 public:
  // Requires: both stay where they are and outlive the writer. Results above `inline_result_bytes` go into files. Errors: io.
  static Result<RecordWriter> prepare(Database& database, ResultFiles& files, std::size_t inline_result_bytes);

  // Errors: full; io; invalid_argument (what records.hpp requires was not kept).
  Result<void> write(const StoreWrite& write);
  // What was written since the last commit is not there.
  void on_rollback() { open_attempts_.clear(); }

 private:
  RecordWriter(Database& database, ResultFiles& files) : database_(&database), files_(&files) {}

  Result<void> write(const JobRecord& job);
  Result<void> write(const DependencyMet& met);
  Result<void> write(const JobDetached& detached);
  Result<void> write(const AttemptRecord& attempt);
  Result<void> write(const AttemptUndone& attempt);
  Result<void> write(const AttemptEnd& end);
  Result<void> write(const JobEnd& end);
  Result<void> write(const JobRemoval& removal);
  Result<void> write(const PoolRecord& pool);
  Result<void> write(const PoolRemoval& removal);
  Result<void> write(const QueueWrite& write) { return queues_->write(write); }

  Result<void> check_recorded(std::uint64_t attempt);

  Database* database_;
  ResultFiles* files_;
  std::set<std::uint64_t> open_attempts_;  // recorded here and not ended: of most that end that need not be asked of the database
  std::size_t inline_result_bytes_ = 0;
  std::optional<QueueWriter> queues_;
  struct {
    std::optional<Statement> job, dependency, dependency_met, detached, note, attempt, undone, is_recorded, attempt_end, end;
    std::optional<Statement> remove_job, remove_dependencies, remove_note, remove_attempts, remove_attempt_ends, remove_end, pool,
        remove_pool;
  } sql_;
};

}  // namespace jobpool::broker
