// See open_store.hpp.
#include "daemon/broker/store/open_store.hpp"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/broker/store/log_file.hpp"
#include "daemon/broker/store/record_reader.hpp"
#include "daemon/broker/store/schema.hpp"

namespace jobpool::broker {
namespace {

const std::string kDatabase = "jobs.sqlite";
const std::string kUnfinishedDatabase = kDatabase + ".new";
constexpr int kBusyMs = 2'000;  // a broker that was killed may not be gone yet

struct Place {
  UniqueFd directory;
  std::string path;  // of the directory, without symbolic links: SQLite refuses them all, and only the files' own would be wrong
};

Result<Place> find_place(const StoreOptions& options) {
  UniqueFd directory{::open(options.state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return errno_error(options.state_dir);
  const auto file_system = options.file_system(directory.get());
  if (!file_system) return file_system.error();
  if (const char* network = network_name(*file_system)) {
    return Error{Errc::unsupported, options.state_dir + ": on a network file system (" + network +
                                        "), where a store cannot be kept safe; name a directory on a local disk with --state-dir"};
  }
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(directory.get());
  if (::realpath(link.c_str(), path) == nullptr) return errno_error(options.state_dir);
  return Place{std::move(directory), path};
}

// 0 when it is not there.
off_t size_in(int directory, const std::string& name) {
  struct stat about {};
  return ::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 ? about.st_size : 0;
}

Error damaged(const std::string& path, const std::string& what) {
  return Error{Errc::protocol, path + ": " + what + "; restore the state directory from a backup, or move " + kDatabase + ", " + kDatabase +
                                   "-wal and results away to begin with an empty store"};
}

// The words for a person behind SQLite's own.
Error explained(const std::string& path, const Error& error) {
  if (error.code == Errc::protocol) return damaged(path, "damaged (" + error.text + ")");
  if (error.code == Errc::already_exists)
    return Error{error.code, path + ": in use by another process; a state directory has one daemon at a time"};
  return error;
}

Result<Database> connect(const Place& place, const std::string& name, const std::string& vfs) {
  auto database = Database::open(place.path + "/" + name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, vfs);
  if (!database) return database;
  if (::sqlite3_db_readonly(database->get(), "main") == 1) {
    // SQLite's second choice, when the first fails for any reason; for want of a descriptor, say.
    if (::faccessat(place.directory.get(), name.c_str(), W_OK, AT_EACCESS) == 0)
      return Error{Errc::io, database->path() + ": could not be opened for writing"};
    return Error{Errc::permission_denied, database->path() + ": cannot be written; it must belong to the user that jobpool runs as"};
  }
  ::sqlite3_busy_timeout(database->get(), kBusyMs);
  // Refusing a file must not change it, so closing does not checkpoint: whoever stops cleanly does so before.
  ::sqlite3_db_config(database->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

// The first open of a state directory. Whatever dies when, there is either no jobs.sqlite or a whole one.
Result<void> create(const Place& place, const StoreOptions& options) {
  const int directory = place.directory.get();
  for (const std::string& old : {kUnfinishedDatabase, kUnfinishedDatabase + "-journal"}) {
    if (auto removed = options.disk->remove(directory, old); !removed) return removed;
  }
  if (const auto file = options.disk->open(directory, kUnfinishedDatabase); !file) return file.error();
  {
    auto database = connect(place, kUnfinishedDatabase, options.vfs);
    if (!database) return database.error();
    if (auto set = database->run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL"); !set) return set;
    if (auto made = migrate(*database); !made) return made;
  }
  if (auto renamed = options.disk->rename(directory, kUnfinishedDatabase, kDatabase); !renamed) return renamed;
  return options.disk->sync_directory(directory);
}

Result<void> check_files(const Place& place, const ResultFiles& files, const StoreOptions& options) {
  const int directory = place.directory.get();
  const std::string path = place.path + "/" + kDatabase;
  struct stat about {};
  if (::fstatat(directory, kDatabase.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) return errno_error(path);
    if (size_in(directory, kDatabase + "-wal") > 0) return damaged(path, "missing, though its log jobs.sqlite-wal is there");
    if (!files.empty()) return damaged(path, "missing, though the folder results is not empty");
    return create(place, options);
  }
  if (!S_ISREG(about.st_mode)) return Error{Errc::protocol, path + ": not a regular file; move it away"};
  if (about.st_size == 0) return damaged(path, "empty");
  return {};
}

Result<void> prepare(Database& database) {
  // First of all: no shared memory beside the log, and nobody else comes in.
  if (auto set = database.run("PRAGMA locking_mode = EXCLUSIVE"); !set) return set;
  if (auto origin = check_origin(database); !origin) return origin;
  const auto mode = database.text("PRAGMA journal_mode = WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") return Error{Errc::io, database.path() + ": cannot keep a log (journal mode " + *mode + ")"};
  // The cache holds the top of the trees; secure_delete (Debian's default) would write zeros over what was removed;
  // checkpoints come from upkeep.cpp, so that no commit waits for one.
  auto set = database.run(
      "PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;"
      "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  if (!set) return set;
  const auto check = database.text("PRAGMA quick_check(1)");
  if (!check) return check.error();
  if (*check != "ok") return Error{Errc::protocol, *check};
  if (auto migrated = migrate(database); !migrated) return migrated;
  // Where a descriptor was missing, SQLite has opened the log for reading only: better known now than at the first commit.
  return database.run("BEGIN IMMEDIATE; ROLLBACK");
}

// A broker that died between a change and its sync leaves names, and a log, that the disk may not have. From now on they are told, and
// written to, as if it had.
Result<void> sync_what_was_found(const Place& place, const Database& database, const StoreOptions& options) {
  if (auto renewed = renew_log_file(database); !renewed) return renewed;
  return options.disk->sync_directory(place.directory.get());
}

Result<void> remove_strays(const Database& database, ResultFiles& files) {
  if (files.empty()) return {};
  auto jobs = jobs_with_result_files(database);
  if (!jobs) return jobs.error();
  return files.remove_strays([&](JobId job) { return std::binary_search(jobs->begin(), jobs->end(), job); });
}

}  // namespace

Result<std::unique_ptr<OpenStore>> open_store(const StoreOptions& options) {
  auto place = find_place(options);
  if (!place) return place.error();
  auto files = ResultFiles::open(place->directory.get(), *options.disk);
  if (!files) return files.error();
  if (auto checked = check_files(*place, *files, options); !checked) return checked.error();
  auto vfs = std::make_unique<CoalescingVfs>(options.vfs);
  auto database = connect(*place, kDatabase, vfs->name());
  if (!database) return explained(place->path + "/" + kDatabase, database.error());
  if (auto prepared = prepare(*database); !prepared) return explained(database->path(), prepared.error());
  if (auto synced = sync_what_was_found(*place, *database, options); !synced) return synced.error();
  if (auto removed = remove_strays(*database, *files); !removed) return removed.error();
  auto ballast = Ballast::open(place->directory.get(), *options.disk, static_cast<off_t>(options.ballast_bytes));
  if (!ballast) return ballast.error();
  const auto made = ballast->make();
  if (!made && made.error().code != Errc::full) return made.error();
  return std::make_unique<OpenStore>(OpenStore{std::move(place->directory), std::move(vfs), std::move(*database), std::move(*files),
                                               std::move(*ballast), static_cast<bool>(made)});
}

Result<void> check_store(const std::string& state_dir) {
  auto checked = check_header(state_dir + "/" + kDatabase);
  return !checked && checked.error().code == Errc::not_found ? Result<void>() : checked;
}

}  // namespace jobpool::broker
