// See upkeep.hpp.
#include "daemon/broker/store/upkeep.hpp"

#include <algorithm>

#include "daemon/broker/store/log_file.hpp"

namespace jobpool::broker {
namespace {

// 4 MiB of log: less, and the hot pages are written to the database too often; more, and the ballast could not take one checkpoint.
constexpr int kCheckpointPages = 1'000;
// When nothing is committed: of fewer the next broker reads the log gladly, and the next commit is spared the log's beginning, a sync of
// its own.
constexpr int kIdleCheckpointPages = 100;
constexpr std::int64_t kExtensionStep = 1024 * 1024;                   // a few milliseconds
constexpr const char* kVacuumStep = "PRAGMA incremental_vacuum(256)";  // pages: a few milliseconds
constexpr std::int64_t kKeptFreePages = 256;                           // stay for the next jobs
constexpr Microseconds kPause{1'000'000};                              // between steps while commits go on, and after a full disk

}  // namespace

Upkeep::Upkeep(Database& database, const StoreOptions& options, TimePoint now)
    : database_(database), idle_(options.idle), log_room_(static_cast<std::int64_t>(options.log_room_bytes)), due_(now + idle_) {
  ::sqlite3_wal_hook(database.get(), &Upkeep::on_commit, this);
}

Upkeep::~Upkeep() { ::sqlite3_wal_hook(database_.get(), nullptr, nullptr); }

int Upkeep::on_commit(void* self, sqlite3*, const char*, int log_pages) {
  static_cast<Upkeep*>(self)->log_pages_ = log_pages;
  return SQLITE_OK;
}

Result<void> Upkeep::after_commit(TimePoint now) {
  due_ = now + idle_;
  is_log_tidy_ = false;
  has_committed_ = true;
  if (log_pages_ >= kCheckpointPages && now >= next_checkpoint_) return checkpoint();
  if (now < next_vacuum_) return {};
  next_vacuum_ = now + kPause;
  const auto free = free_pages();
  if (!free) return free.error();
  const auto pages = database_.number("PRAGMA page_count");
  if (!pages) return pages.error();
  return *free > 4 * kKeptFreePages && *free > *pages / 2 ? vacuum_step() : Result<void>{};
}

Result<void> Upkeep::when_idle(TimePoint now) {
  const auto free = free_pages();
  if (!free) return free.error();
  if (*free > kKeptFreePages && now >= next_vacuum_) {
    due_ = now;
    return vacuum_step();
  }
  due_ = *free > kKeptFreePages ? next_vacuum_ : TimePoint::max();
  ::sqlite3_db_release_memory(database_.get());
  return tidy_log(now);
}

Result<void> Upkeep::checkpoint() { return checkpoint(SQLITE_CHECKPOINT_PASSIVE); }

Result<void> Upkeep::truncate_log() { return log_file_bytes(database_) > 0 ? checkpoint(SQLITE_CHECKPOINT_TRUNCATE) : Result<void>{}; }

// Its file is left as long as it is worth, so that the next commits write over what is there.
Result<void> Upkeep::tidy_log(TimePoint now) {
  if (is_log_tidy_) return {};
  // Nothing says that anything will be committed in this life.
  if (!has_committed_ || log_file_bytes(database_) > 2 * log_room_) {
    if (auto done = truncate_log(); !done) return done;
  } else if (log_pages_ >= kIdleCheckpointPages) {
    if (auto done = checkpoint(); !done) return done;
  }
  const std::int64_t missing = has_committed_ ? log_room_ - log_file_bytes(database_) : 0;
  is_log_tidy_ = missing <= 0 || !extend_log_file(database_, std::min(missing, kExtensionStep)) || missing <= kExtensionStep;
  if (!is_log_tidy_) due_ = now;
  return {};
}

Result<void> Upkeep::checkpoint(int mode) {
  const int code = ::sqlite3_wal_checkpoint_v2(database_.get(), "main", mode, nullptr, nullptr);
  if (code == SQLITE_OK) log_pages_ = 0;
  return forgive_full(code == SQLITE_OK ? Result<void>{} : Result<void>{database_.error(code, Database::Wrote::file)});
}

Result<void> Upkeep::vacuum_step() {
  auto done = database_.run(kVacuumStep);
  if (!done) database_.roll_back();
  is_log_tidy_ = false;
  log_pages_ = std::max(log_pages_, kIdleCheckpointPages);  // the database's file is shorter only when this is in it
  return forgive_full(std::move(done));
}

Result<void> Upkeep::forgive_full(Result<void> done) {
  if (done || done.error().code != Errc::full) return done;
  next_checkpoint_ = next_vacuum_ = Clock::now() + kPause;
  return {};
}

}  // namespace jobpool::broker
