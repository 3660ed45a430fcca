// SQLite's connection and statements as types of ours: every handle is owned, every result code is looked at. Used by the store's files
// only. A Database and its Statements are used by one thread at a time (the connection is opened without SQLite's own locks).
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace jobpool::broker {

class Database {
 public:
  // `flags` as sqlite3_open_v2 takes them. `vfs` empty: SQLite's own. Errors: as error().
  static Result<Database> open(const std::string& path, int flags, const std::string& vfs);

  // One statement whose rows do not matter.
  Result<void> run(const char* sql);
  // The first column of its first row. Errors: protocol when there is none.
  Result<std::int64_t> number(const char* sql);
  Result<std::string> text(const char* sql);

  // What a call that has failed may have written: a statement the log, a checkpoint the database's own file.
  enum class Wrote { log, file };
  // full: no room on the disk; already_exists: locked by another process; protocol: damaged, or no database; invalid_argument: a
  // constraint; io: everything else.
  Error error(int code, Wrote wrote = Wrote::log) const;

  // Null: there is none yet.
  sqlite3_file* log_file() const;

  // Takes back what is not committed, if SQLite has not done so by itself.
  void roll_back();

  sqlite3* get() const { return handle_.get(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { ::sqlite3_close_v2(handle); }
  };
  int system_errno(int code, Wrote wrote) const;

  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  // Requires: `database` stays where it is, and outlives the statement.
  static Result<Statement> prepare(const Database& database, const char* sql);

  // Binds the values to parameters 1, 2, … and runs to the end. Values must live until it returns.
  template <class... Values>
  Result<void> run(const Values&... values) {
    bind_all(values...);
    return finish();
  }

  // Binds; rows come by next_row().
  template <class... Values>
  void begin(const Values&... values) {
    bind_all(values...);
  }
  // false: there are no more (the statement is ready to begin again).
  Result<bool> next_row();
  void reset() { ::sqlite3_reset(handle_.get()); }

  std::int64_t number(int column) const { return ::sqlite3_column_int64(handle_.get(), column); }
  bool is_null(int column) const { return ::sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
  // Valid until the next row.
  std::string_view bytes(int column) const;

 private:
  template <class... Values>
  void bind_all(const Values&... values) {
    int at = 0;
    bad_bind_ = SQLITE_OK;
    (note(bind(++at, values)), ...);
  }
  int bind(int at, std::integral auto value) { return ::sqlite3_bind_int64(handle_.get(), at, static_cast<std::int64_t>(value)); }
  int bind(int at, std::string_view text);
  int bind(int at, Blob blob);
  int bind(int at, std::nullptr_t) { return ::sqlite3_bind_null(handle_.get(), at); }
  template <class Value>
  int bind(int at, const std::optional<Value>& value) {
    return value ? bind(at, *value) : bind(at, nullptr);
  }
  void note(int code) {
    if (code != SQLITE_OK) bad_bind_ = code;
  }
  Result<void> finish();

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { ::sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  const Database* database_ = nullptr;
  int bad_bind_ = SQLITE_OK;
};

}  // namespace jobpool::broker
