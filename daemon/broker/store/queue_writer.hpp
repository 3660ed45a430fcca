// Writes one record of a durable queue into the store's tables, inside a transaction that somebody else begins and commits. The store's
// thread.
#pragma once

#include "daemon/broker/queues/records.hpp"
#include "daemon/broker/store/sqlite.hpp"

namespace jobpool::broker {

class QueueWriter {
 public:
  // Requires: `database` stays where it is and outlives the writer. Errors: io.
  static Result<QueueWriter> prepare(Database& database);

  // Errors: full; io; invalid_argument (a record that cannot follow those before).
  Result<void> write(const QueueWrite& write);

 private:
  explicit QueueWriter(Database& database) : database_(&database) {}

  Result<void> write_one(const QueueMade& made);
  Result<void> write_one(const QueueDeleted& deleted);
  Result<void> write_one(const ItemsPut& put);
  Result<void> write_one(const ItemsTaken& taken);
  Result<void> write_one(const ItemsGone& gone);
  Result<void> write_one(const ItemsReturned& returned);
  Result<void> write_one(const ItemsDone& done);
  Result<void> write_one(const CallKept& call);
  Result<void> write_one(const CallForgotten& call);
  Result<void> add_unfinished(QueueId queue, std::int64_t change);
  Result<void> keep_call(QueueId queue, const SharedText& key, std::uint64_t count);
  Result<void> changed_one(Result<void> done, const char* otherwise) const;

  Database* database_;
  struct {
    std::optional<Statement> make, unfinished, put, take, gone, taken_gone, put_back, keep_call, forget_call;
    std::optional<Statement> remove, remove_items, remove_taken, remove_calls;
  } sql_;
};

}  // namespace jobpool::broker
