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

}  // namespace

BareCommits::BareCommits(const std::string& dir, std::size_t row_bytes) : database_(open(dir)), row_(row_bytes, 'p') {
  run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, "
      "bytes BLOB)");
  insert_.emplace(std::move(*broker::Statement::prepare(database_, "INSERT INTO row VALUES(NULL, ?)")));
}

void BareCommits::commit(long rows) {
  run("BEGIN IMMEDIATE");
  for (long i = 0; i < rows; ++i)
    if (!insert_->run(broker::Blob{row_})) give_up("insert");
  run("COMMIT");
}

void BareCommits::run(const char* sql) {
  if (const auto done = database_.run(sql); !done) give_up(done.error().text);
}

}  // namespace jobpool::bench
