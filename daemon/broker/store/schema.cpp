// The migrations: number n of the table turns version n into n + 1. None is ever changed once it was released.
#include "daemon/broker/store/schema.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "common/unique_fd.hpp"

namespace jobpool::broker {
namespace {

// Texts may hold any byte, zeros as well: they are bound and read by length. payload and result stand last, since what is behind a long
// value is slow to reach.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE job(
  id INTEGER PRIMARY KEY,
  mode INTEGER NOT NULL,            -- 0 apply, 1 apply_async
  kind INTEGER NOT NULL,            -- 1 function, 2 command
  flags INTEGER NOT NULL,           -- 1 detach, 2 has descriptors, 4 durable
  priority INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  grace_usec INTEGER NOT NULL,
  timeout_usec INTEGER NOT NULL,
  backoff_usec INTEGER NOT NULL,
  not_before_usec INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  key TEXT NOT NULL,                -- of the submitter; empty: none
  spec_hash INTEGER NOT NULL,
  submitted_usec INTEGER NOT NULL,
  payload BLOB NOT NULL             -- the worker's JobSpec
) STRICT;
CREATE UNIQUE INDEX job_key ON job(key, uid) WHERE key <> '';
CREATE TABLE dependency(
  job INTEGER NOT NULL,
  position INTEGER NOT NULL,
  after INTEGER NOT NULL,           -- the id of the job that must have ended
  needs INTEGER NOT NULL,           -- 0 success, 1 end, 2 success of a durable job
  PRIMARY KEY(job, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempt(
  job INTEGER NOT NULL,
  number INTEGER NOT NULL,
  recorded_usec INTEGER NOT NULL,
  recorded_by INTEGER NOT NULL,     -- the instance of the daemon: what it knew beside this is gone with it
  worker INTEGER NOT NULL DEFAULT 0,
  pid INTEGER NOT NULL DEFAULT 0,
  started_usec INTEGER NOT NULL DEFAULT 0,
  ended_usec INTEGER NOT NULL DEFAULT 0,
  outcome INTEGER,                  -- 0 succeeded, 1 failed, 2 crashed, 3 timed out, 4 cancelled, 5 skipped, 6 interrupted, 7 poison
  exit_code INTEGER,
  signal INTEGER,
  user_usec INTEGER NOT NULL DEFAULT 0,
  system_usec INTEGER NOT NULL DEFAULT 0,
  max_rss_bytes INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  error_type TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(job, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE ending(
  job INTEGER PRIMARY KEY,
  outcome INTEGER NOT NULL,
  ended_usec INTEGER NOT NULL,
  reason TEXT NOT NULL,
  result_bytes INTEGER NOT NULL,    -- 0: none
  result BLOB                       -- NULL with bytes: in the file results/<job>
) STRICT;
)sql";

// Pools. The table of jobs is made anew, since a column that is added stands last, behind the payload.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE pool(
  number INTEGER PRIMARY KEY,       -- 0: the default one, which needs no row
  name TEXT NOT NULL,
  state INTEGER NOT NULL,           -- 0 running, 1 closed, 2 terminated
  paused INTEGER NOT NULL,
  deleted INTEGER NOT NULL,         -- kept for the name of its jobs
  size INTEGER,                     -- NULL: as the configuration says
  min INTEGER,                      -- NULL: as size
  idle_usec INTEGER NOT NULL,
  max_tasks INTEGER NOT NULL,       -- 0: no limit
  memory_bytes INTEGER NOT NULL,    -- 0: no limit
  initializer TEXT NOT NULL,        -- empty: none
  arguments TEXT NOT NULL
) STRICT;
CREATE TABLE job_in_pool(
  id INTEGER PRIMARY KEY,
  pool INTEGER NOT NULL,
  mode INTEGER NOT NULL,            -- 0 apply, 1 apply_async
  kind INTEGER NOT NULL,            -- 1 function, 2 command
  flags INTEGER NOT NULL,           -- 1 detach, 2 has descriptors, 4 durable
  priority INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  grace_usec INTEGER NOT NULL,
  timeout_usec INTEGER NOT NULL,
  backoff_usec INTEGER NOT NULL,
  not_before_usec INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  key TEXT NOT NULL,                -- of the submitter; empty: none
  spec_hash INTEGER NOT NULL,
  submitted_usec INTEGER NOT NULL,
  payload BLOB NOT NULL             -- the worker's JobSpec
) STRICT;
INSERT INTO job_in_pool SELECT id, 0, mode, kind, flags, priority, retries, uid, grace_usec, timeout_usec, backoff_usec, not_before_usec,
  name, description, key, spec_hash, submitted_usec, payload FROM job;
DROP TABLE job;
ALTER TABLE job_in_pool RENAME TO job;
CREATE UNIQUE INDEX job_key ON job(key, uid) WHERE key <> '';
)sql";

// Durable queues. See queues/records.hpp for what becomes of an item.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE queue(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  maxsize INTEGER NOT NULL,         -- 0: unbounded
  made_usec INTEGER NOT NULL,
  unfinished INTEGER NOT NULL       -- put, and not yet done
) STRICT;
CREATE TABLE queue_item(
  queue INTEGER NOT NULL,
  number INTEGER NOT NULL,          -- their order
  item BLOB NOT NULL,               -- JSON text
  PRIMARY KEY(queue, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE queue_taken(           -- items with a consumer that has not confirmed them
  queue INTEGER NOT NULL,
  number INTEGER NOT NULL,
  key TEXT NOT NULL,                -- of its call
  PRIMARY KEY(queue, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE queue_call(            -- puts and dones whose callers have not confirmed them
  queue INTEGER NOT NULL,
  key TEXT NOT NULL,
  count INTEGER NOT NULL,           -- how many items it has put, or done
  PRIMARY KEY(queue, key)
) STRICT, WITHOUT ROWID;
)sql";

// Threads of a pool's workers.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE pool ADD COLUMN threads INTEGER NOT NULL DEFAULT 1;
)sql";

// What few jobs have: apart, since each column of the table of jobs costs all of them.
constexpr const char* kVersion5 = R"sql(
CREATE TABLE job_note(
  job INTEGER PRIMARY KEY,
  retry_of INTEGER NOT NULL,        -- the job that it is once more; 0: none
  items INTEGER NOT NULL            -- of a batch's chunk; 0: it is none
) STRICT;
-- dependency.needs may be, from here on: 3 failure, 4 failure of a durable job
)sql";

// An attempt's key is one number, which grows as jobs come, and its end a row of its own: both are appended. To find and change a row with
// a key of two columns took twice as long.
constexpr const char* kVersion6 = R"sql(
CREATE TABLE attempt_begun(
  id INTEGER PRIMARY KEY,           -- 131072 times its job's, and its number, from 1
  recorded_usec INTEGER NOT NULL,
  recorded_by INTEGER NOT NULL      -- the instance of the daemon: what it knew beside this is gone with it
) STRICT;
CREATE TABLE attempt_end(
  id INTEGER PRIMARY KEY,           -- the attempt's
  worker INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  started_usec INTEGER NOT NULL,
  ended_usec INTEGER NOT NULL,
  outcome INTEGER,                  -- 0 succeeded, 1 failed, 2 crashed, 3 timed out, 4 cancelled, 5 skipped, 6 interrupted, 7 poison
  exit_code INTEGER,
  signal INTEGER,
  user_usec INTEGER NOT NULL,
  system_usec INTEGER NOT NULL,
  max_rss_bytes INTEGER NOT NULL,
  reason TEXT NOT NULL,
  error_type TEXT NOT NULL
) STRICT;
INSERT INTO attempt_begun SELECT (job << 17) + number, recorded_usec, recorded_by FROM attempt ORDER BY job, number;
INSERT INTO attempt_end SELECT (job << 17) + number, worker, pid, started_usec, ended_usec, outcome, exit_code, signal, user_usec,
  system_usec, max_rss_bytes, reason, error_type FROM attempt WHERE outcome IS NOT NULL ORDER BY job, number;
DROP TABLE attempt;
ALTER TABLE attempt_begun RENAME TO attempt;
)sql";

constexpr std::array<const char*, kSchemaVersion> kMigrations{kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6};

Result<void> migrate_from(Database& database, std::int64_t version) {
  const std::string sql = std::string("BEGIN IMMEDIATE;") + kMigrations.at(static_cast<std::size_t>(version)) +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          ";PRAGMA user_version = " + std::to_string(version + 1) + ";COMMIT;";
  auto done = database.run(sql.c_str());
  if (!done) database.roll_back();
  return done;
}

Result<void> check_version(const std::string& path, std::int64_t version) {
  if (version <= kSchemaVersion) return {};
  return Error{Errc::unsupported, path + ": written by a later jobpool (version " + std::to_string(version) +
                                      " of the file, this one knows " + std::to_string(kSchemaVersion) +
                                      "); install that jobpool, or name another state directory"};
}

}  // namespace

Result<void> check_origin(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return application.error();
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*application != kApplicationId || *version < 1)
    return Error{Errc::protocol, database.path() + ": a database of another program; move it away, or name another state directory"};
  return check_version(database.path(), *version);
}

// SQLite's file format: user_version is a number of four bytes, the largest first, at 60. (What is not of that form is told when it is
// opened.)
Result<void> check_header(const std::string& path) {
  constexpr std::size_t kVersionAt = 60, kVersionBytes = 4;
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) return errno_error(path);
  std::array<unsigned char, kVersionBytes> bytes{};
  if (::pread(file.get(), bytes.data(), bytes.size(), kVersionAt) < 0) return errno_error(path);
  std::int64_t version = 0;
  for (const unsigned char byte : bytes) version = version << 8 | byte;
  return check_version(path, version);
}

Result<void> migrate(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  for (std::int64_t at = *version; at < kSchemaVersion; ++at) {
    if (auto done = migrate_from(database, at); !done) return done;
  }
  if (*version == kSchemaVersion) return {};
  // For check_header(). Where there is no room for it now, the next checkpoint does it.
  (void)database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return {};
}

}  // namespace jobpool::broker
