// See sqlite.hpp.
#include "daemon/broker/store/sqlite.hpp"

#include "daemon/broker/store/disk.hpp"

namespace jobpool::broker {
namespace {

// SQLite knows only ENOSPC. Not for a failed sync: after that nobody knows what is on the disk.
bool is_out_of_room(int code, int number) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_TRUNCATE) && means_no_room(number);
}

Errc errc_of(int code, int number) {
  if (is_out_of_room(code, number)) return Errc::full;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::already_exists;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::protocol;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Errc::invalid_argument;
    default:
      return Errc::io;
  }
}

}  // namespace

Result<Database> Database::open(const std::string& path, int flags, const std::string& vfs) {
  // Else each allocation is counted under a lock, for figures that nobody asks for. Refused where SQLite is in use already: no matter.
  [[maybe_unused]] static const int uncounted = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  Database database;
  database.path_ = path;
  sqlite3* handle = nullptr;
  const int code = ::sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, vfs.empty() ? nullptr : vfs.c_str());
  database.handle_.reset(handle);
  if (handle == nullptr) return Error{Errc::io, path + ": out of memory"};
  ::sqlite3_extended_result_codes(handle, 1);
  if (code != SQLITE_OK) return database.error(code);
  return database;
}

Error Database::error(int code, Wrote wrote) const {
  std::string text = path_ + ": " + ::sqlite3_errmsg(get());
  const int number = (code & 0xff) == SQLITE_IOERR ? system_errno(code, wrote) : 0;
  if (number != 0) text += std::string(" (") + std::strerror(number) + ")";
  return Error{errc_of(code, number), std::move(text)};
}

// SQLite does not ask the system for it when a COMMIT has failed: it has an older one, or none. The file knows the last of its own.
int Database::system_errno(int code, Wrote wrote) const {
  sqlite3_file* log = code == SQLITE_IOERR_WRITE && wrote == Wrote::log ? log_file() : nullptr;
  int number = 0;
  if (log != nullptr) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  return number != 0 ? number : ::sqlite3_system_errno(get());
}

sqlite3_file* Database::log_file() const {
  sqlite3_file* file = nullptr;
  const int code = ::sqlite3_file_control(get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return code == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

Result<void> Database::run(const char* sql) {
  const int code = ::sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Result<void>{} : Result<void>{error(code)};
}

Result<std::int64_t> Database::number(const char* sql) {
  const auto found = text(sql);
  if (!found) return found.error();
  return std::strtoll(found->c_str(), nullptr, 10);
}

Result<std::string> Database::text(const char* sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return statement.error();
  const auto row = statement->next_row();
  if (!row) return row.error();
  if (!*row) return Error{Errc::protocol, path_ + ": no answer to " + sql};
  return std::string{statement->bytes(0)};
}

void Database::roll_back() {
  // An error here means that the connection is of no use any more; the next statement says so.
  if (::sqlite3_get_autocommit(get()) == 0) ::sqlite3_exec(get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<Statement> Statement::prepare(const Database& database, const char* sql) {
  Statement statement;
  statement.database_ = &database;
  sqlite3_stmt* handle = nullptr;
  const int code = ::sqlite3_prepare_v3(database.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  statement.handle_.reset(handle);
  if (code != SQLITE_OK) return database.error(code);
  return statement;
}

Result<void> Statement::finish() {
  int code = bad_bind_;
  if (code == SQLITE_OK) {
    while ((code = ::sqlite3_step(handle_.get())) == SQLITE_ROW) {
    }
  }
  if (code == SQLITE_DONE) {
    ::sqlite3_reset(handle_.get());
    return {};
  }
  Error failed = database_->error(code);
  ::sqlite3_reset(handle_.get());
  return failed;
}

Result<bool> Statement::next_row() {
  const int code = bad_bind_ != SQLITE_OK ? bad_bind_ : ::sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    ::sqlite3_reset(handle_.get());
    return false;
  }
  Error failed = database_->error(code);
  ::sqlite3_reset(handle_.get());
  return failed;
}

int Statement::bind(int at, std::string_view text) {
  // A null pointer would be NULL, not the empty text.
  return ::sqlite3_bind_text64(handle_.get(), at, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

int Statement::bind(int at, Blob blob) {
  const std::string_view bytes = blob.bytes;
  return ::sqlite3_bind_blob64(handle_.get(), at, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
}

std::string_view Statement::bytes(int column) const {
  const void* data = ::sqlite3_column_blob(handle_.get(), column);
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(handle_.get(), column));
  return size == 0 ? std::string_view{} : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace jobpool::broker
