// See log_file.hpp.
#include "daemon/broker/store/log_file.hpp"

#include <algorithm>
#include <vector>

#include "daemon/broker/store/disk.hpp"

namespace jobpool::broker {
namespace {

constexpr std::int64_t kStepBytes = 64 * 1024;  // written at once

bool sync(sqlite3_file* file) { return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK; }

bool write_zeros(sqlite3_file* file, std::int64_t from, std::int64_t to) {
  const std::vector<char> zeros(static_cast<std::size_t>(std::min(kStepBytes, to - from)));
  for (std::int64_t at = from; at < to; at += kStepBytes)
    if (file->pMethods->xWrite(file, zeros.data(), static_cast<int>(std::min(kStepBytes, to - at)), at) != SQLITE_OK) return false;
  return sync(file);
}

// By SQLite's word, or by the system's where SQLite does not know that for one.
bool is_out_of_room(sqlite3_file* file, int code) {
  int number = 0;
  return code == SQLITE_FULL ||
         (code == SQLITE_IOERR_WRITE && file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK &&
          means_no_room(number));
}

// The first result code that is none of success.
int write_again(sqlite3_file* file, std::int64_t size) {
  std::vector<char> bytes(static_cast<std::size_t>(std::min(kStepBytes, size)));
  for (std::int64_t at = 0; at < size; at += kStepBytes) {
    const int step = static_cast<int>(std::min(kStepBytes, size - at));
    if (const int code = file->pMethods->xRead(file, bytes.data(), step, at); code != SQLITE_OK) return code;
    if (const int code = file->pMethods->xWrite(file, bytes.data(), step, at); code != SQLITE_OK) return code;
  }
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

}  // namespace

Result<void> renew_log_file(const Database& database) {
  sqlite3_file* file = database.log_file();
  if (file == nullptr) return {};
  int code = write_again(file, log_file_bytes(database));
  if (is_out_of_room(file, code)) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) return {};
  return Error{Errc::io, database.path() + ": its log could not be written again: " + ::sqlite3_errstr(code)};
}

std::int64_t log_file_bytes(const Database& database) {
  sqlite3_file* file = database.log_file();
  sqlite3_int64 size = 0;
  return file != nullptr && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : 0;
}

bool extend_log_file(const Database& database, std::int64_t bytes) {
  sqlite3_file* file = database.log_file();
  if (file == nullptr || bytes <= 0) return false;
  // Where the log was emptied, that must be on the disk before anything is written in its place. Zeros over a part of what was there would
  // leave the log's beginning, a true log of an older state: half of what the database has since would be taken back.
  if (!sync(file)) return false;
  const std::int64_t size = log_file_bytes(database);
  if (write_zeros(file, size, size + bytes)) return true;
  // A full disk gets back what it gave. What else is wrong with it the next commit will say.
  file->pMethods->xTruncate(file, size);
  return false;
}

}  // namespace jobpool::broker
