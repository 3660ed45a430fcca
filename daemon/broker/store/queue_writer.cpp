// See queue_writer.hpp.
#include "daemon/broker/store/queue_writer.hpp"

#include <utility>

namespace jobpool::broker {

Result<QueueWriter> QueueWriter::prepare(Database& database) {
  QueueWriter writer(database);
  auto& sql = writer.sql_;
  const std::pair<std::optional<Statement>*, const char*> all[] = {
      {&sql.make, "INSERT INTO queue VALUES(?, ?, ?, ?, ?)"},
      {&sql.unfinished, "UPDATE queue SET unfinished = unfinished + ?2 WHERE id = ?1"},
      {&sql.put, "INSERT INTO queue_item VALUES(?, ?, ?)"},
      {&sql.take, "INSERT INTO queue_taken VALUES(?, ?, ?)"},
      {&sql.gone, "DELETE FROM queue_item WHERE queue = ? AND number = ?"},
      {&sql.taken_gone, "DELETE FROM queue_taken WHERE queue = ? AND number = ?"},
      {&sql.put_back, "INSERT OR IGNORE INTO queue_item VALUES(?, ?, ?)"},
      {&sql.keep_call, "INSERT OR REPLACE INTO queue_call VALUES(?, ?, ?)"},
      {&sql.forget_call, "DELETE FROM queue_call WHERE queue = ? AND key = ?"},
      {&sql.remove, "DELETE FROM queue WHERE id = ?"},
      {&sql.remove_items, "DELETE FROM queue_item WHERE queue = ?"},
      {&sql.remove_taken, "DELETE FROM queue_taken WHERE queue = ?"},
      {&sql.remove_calls, "DELETE FROM queue_call WHERE queue = ?"},
  };
  for (const auto& [place, text] : all) {
    auto statement = Statement::prepare(database, text);
    if (!statement) return statement.error();
    place->emplace(std::move(*statement));
  }
  return writer;
}

Result<void> QueueWriter::write(const QueueWrite& write) {
  return std::visit([this](const auto& record) { return write_one(record); }, write);
}

Result<void> QueueWriter::write_one(const QueueMade& made) {
  return sql_.make->run(made.id.value, std::string_view(made.name), made.maxsize, made.made_usec, made.unfinished);
}

Result<void> QueueWriter::write_one(const QueueDeleted& deleted) {
  for (auto* statement : {&sql_.remove_items, &sql_.remove_taken, &sql_.remove_calls}) {
    if (auto done = (*statement)->run(deleted.queue.value); !done) return done;
  }
  return changed_one(sql_.remove->run(deleted.queue.value), "a queue was deleted that is not there");
}

Result<void> QueueWriter::write_one(const ItemsPut& put) {
  std::uint64_t number = put.first.value;
  for (const SharedText& item : put.items) {
    if (auto done = sql_.put->run(put.queue.value, number++, Blob{item}); !done) return done;
  }
  if (auto done = add_unfinished(put.queue, static_cast<std::int64_t>(put.items.size())); !done) return done;
  return keep_call(put.queue, put.key, put.put_by_it);
}

Result<void> QueueWriter::write_one(const ItemsTaken& taken) {
  for (const ItemNumber number : taken.items) {
    auto done = taken.key.empty() ? changed_one(sql_.gone->run(taken.queue.value, number.value), "an item was taken that is not there")
                                  : sql_.take->run(taken.queue.value, number.value, std::string_view(taken.key));
    if (!done) return done;
  }
  return {};
}

Result<void> QueueWriter::write_one(const ItemsGone& gone) {
  for (const ItemNumber number : gone.items) {
    if (auto done = sql_.taken_gone->run(gone.queue.value, number.value); !done) return done;
    if (auto done = sql_.gone->run(gone.queue.value, number.value); !done) return done;
  }
  return {};
}

Result<void> QueueWriter::write_one(const ItemsReturned& returned) {
  for (const QueueItem& item : returned.items) {
    if (auto done = sql_.taken_gone->run(returned.queue.value, item.number.value); !done) return done;
    if (auto done = sql_.put_back->run(returned.queue.value, item.number.value, Blob{item.text}); !done) return done;
  }
  return {};
}

Result<void> QueueWriter::write_one(const ItemsDone& done) {
  if (auto counted = add_unfinished(done.queue, -static_cast<std::int64_t>(done.count)); !counted) return counted;
  return keep_call(done.queue, done.key, done.count);
}

Result<void> QueueWriter::write_one(const CallKept& call) { return keep_call(call.queue, call.key, call.count); }

Result<void> QueueWriter::write_one(const CallForgotten& call) {
  return sql_.forget_call->run(call.queue.value, std::string_view(call.key));
}

Result<void> QueueWriter::add_unfinished(QueueId queue, std::int64_t change) {
  return changed_one(sql_.unfinished->run(queue.value, change), "items of a queue that is not there");
}

Result<void> QueueWriter::keep_call(QueueId queue, const SharedText& key, std::uint64_t count) {
  if (key.empty()) return {};
  return sql_.keep_call->run(queue.value, std::string_view(key), count);
}

Result<void> QueueWriter::changed_one(Result<void> done, const char* otherwise) const {
  if (!done || ::sqlite3_changes(database_->get()) == 1) return done;
  return Error{Errc::invalid_argument, otherwise};
}

}  // namespace jobpool::broker
