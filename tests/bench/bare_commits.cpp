// See bare_commits.hpp.
#include "tests/bench/bare_commits.hpp"

#include <utility>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

broker::Database open(const std::string& dir) {
  auto database = broker::Database::open(dir + "/bare.sqlite", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "");
  if (!database) give_up(database.error().text);
  return std::move(*database);
}

broker::Statement prepare_bare(const broker::Database& database, const char* sql) {
  auto statement = broker::Statement::prepare(database, sql);
  if (!statement) give_up(statement.error().text);
  return std::move(*statement);
}

void run_bare(broker::Statement& statement) {
  if (const auto done = statement.run(); !done) give_up(done.error().text);
}

}  // namespace

BareCommits::BareCommits(const std::string& dir, std::size_t row_bytes) : database_(open(dir)), row_(row_bytes, 'p') {
  const auto made = database_.run(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, "
      "bytes BLOB)");
  if (!made) give_up(made.error().text);
  begin_.emplace(prepare_bare(database_, "BEGIN IMMEDIATE"));
  insert_.emplace(prepare_bare(database_, "INSERT INTO row VALUES(NULL, ?)"));
  end_.emplace(prepare_bare(database_, "COMMIT"));
}

void BareCommits::commit(long rows) {
  run_bare(*begin_);
  for (long i = 0; i < rows; ++i)
    if (!insert_->run(broker::Blob{row_})) give_up("insert");
  run_bare(*end_);
}

}  // namespace jobpool::bench
