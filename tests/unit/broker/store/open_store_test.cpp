// What is opened, what is refused, and that nothing that was refused is changed.
#include "daemon/broker/store/open_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/broker/store/schema.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

namespace fs = std::filesystem;

// A closed store with some jobs in it.
void fill(const TempDir& dir) {
  StoreBatch batch;
  for (std::uint64_t i = 1; i <= 50; ++i) batch.emplace_back(job(i));
  commit(*loaded(options_in(dir)), batch);
}

void with_sqlite(const TempDir& dir, const std::string& sql) {
  auto database = Database::open(dir.file("jobs.sqlite"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "");
  REQUIRE(database);
  const auto done = database->run(sql.c_str());
  if (!done) FAIL(done.error().text);
}

// Refused, with `code` and these words, and the file is what it was.
void check_refused(const StoreOptions& options, Errc code, const std::string& words) {
  const std::string file = options.state_dir + "/jobs.sqlite";
  const std::string before = content_of(file);
  const auto store = SqliteStore::open(options);
  REQUIRE_FALSE(store);
  INFO(store.error().text);
  CHECK(store.error().code == code);
  CHECK(store.error().text.find(words) != std::string::npos);
  CHECK(content_of(file) == before);
}

}  // namespace

TEST_CASE("a file of another program is refused and left alone") {
  const TempDir dir;
  SECTION("no database at all") {
    std::ofstream(dir.file("jobs.sqlite")) << std::string(5'000, 'x');
    check_refused(options_in(dir), Errc::protocol, "restore the state directory from a backup, or move jobs.sqlite");
  }
  SECTION("another database") {
    with_sqlite(dir, "CREATE TABLE job(id)");
    check_refused(options_in(dir), Errc::protocol, "of another program; move it away");
  }
  SECTION("another database with a log") {
    with_sqlite(dir, "PRAGMA journal_mode = WAL; CREATE TABLE job(id)");
    check_refused(options_in(dir), Errc::protocol, "of another program; move it away");
  }
  SECTION("a directory") {
    fs::create_directory(dir.file("jobs.sqlite"));
    check_refused(options_in(dir), Errc::protocol, "not a regular file");
  }
  SECTION("a symbolic link to a store") {
    const TempDir elsewhere;
    fill(elsewhere);
    fs::create_symlink(elsewhere.file("jobs.sqlite"), dir.file("jobs.sqlite"));
    check_refused(options_in(dir), Errc::protocol, "not a regular file");
  }
}

TEST_CASE("a damaged store is refused and left alone") {
  const TempDir dir;
  fill(dir);
  const std::string file = dir.file("jobs.sqlite");
  SECTION("its header") {
    std::fstream(file, std::ios::in | std::ios::out) << "damaged header";
    check_refused(options_in(dir), Errc::protocol, "restore the state directory from a backup");
  }
  SECTION("a page") {
    std::fstream page(file, std::ios::in | std::ios::out);
    page.seekp(2 * 4096);
    page << std::string(4'096, 'x');
    page.close();
    check_refused(options_in(dir), Errc::protocol, "restore the state directory from a backup");
  }
  SECTION("cut short") {
    fs::resize_file(file, fs::file_size(file) / 2 / 4096 * 4096);
    check_refused(options_in(dir), Errc::protocol, "restore the state directory from a backup");
  }
  SECTION("empty") {
    fs::resize_file(file, 0);
    check_refused(options_in(dir), Errc::protocol, "empty; restore the state directory");
  }
  SECTION("missing beside its log") {
    fs::remove(file);
    std::ofstream(dir.file("jobs.sqlite-wal")) << "x";
    check_refused(options_in(dir), Errc::protocol, "missing, though its log");
  }
  SECTION("missing beside its results") {
    fs::remove(file);
    std::ofstream(dir.file("results/7")) << "x";
    check_refused(options_in(dir), Errc::protocol, "missing, though the folder results");
    CHECK(fs::exists(dir.file("results/7")));
  }
}

TEST_CASE("rows with values that no store writes are refused when they are loaded") {
  const TempDir dir;
  fill(dir);
  SECTION("an unknown outcome") { with_sqlite(dir, "INSERT INTO ending VALUES(7, 8, 0, '', 0, NULL)"); }
  SECTION("a number that does not fit") { with_sqlite(dir, "UPDATE job SET retries = 65536 WHERE id = 7"); }
  SECTION("an unknown flag") { with_sqlite(dir, "UPDATE job SET flags = 16 WHERE id = 7"); }
  SECTION("an attempt without its job") {
    with_sqlite(dir, "DELETE FROM job WHERE id = 7; INSERT INTO attempt VALUES((7 << 17) + 1, 0, 0)");
  }
  SECTION("a dependency of a job behind the last one") { with_sqlite(dir, "INSERT INTO dependency VALUES(700, 0, 1, 0)"); }
  const auto jobs = opened(options_in(dir))->load();
  REQUIRE_FALSE(jobs);
  CHECK(jobs.error().code == Errc::protocol);
  CHECK(jobs.error().text.find("its rows in jobs.sqlite are damaged") != std::string::npos);
}

TEST_CASE("a later version's file is refused and left alone") {
  const TempDir dir;
  fill(dir);
  with_sqlite(dir, "PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  check_refused(options_in(dir), Errc::unsupported, "written by a later jobpool");
}

// A reload to an earlier version ended the daemon, and all that ran with it, when its broker opened the store.
TEST_CASE("whether a store is of a later version is told while another has it open") {
  const TempDir dir;
  CHECK(check_store(dir.path()));  // there is none yet
  {
    const auto store = opened(options_in(dir));
    CHECK(check_store(dir.path()));
  }
  fill(dir);
  with_sqlite(dir, "PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  const auto checked = check_store(dir.path());
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Errc::unsupported);
  CHECK(checked.error().text.find("jobs.sqlite: written by a later jobpool") != std::string::npos);
}

// It was in the log alone, where nobody sees it but who has the store open.
TEST_CASE("a store that was brought to this version says so in its header") {
  const TempDir dir;
  std::filesystem::copy_file(JOBPOOL_SOURCE_DIR "/tests/golden/store-v1.sqlite", dir.file("jobs.sqlite"));
  const auto store = opened(options_in(dir));
  std::ifstream file(dir.file("jobs.sqlite"), std::ios::binary);
  file.seekg(63);
  CHECK(file.get() == kSchemaVersion);
}

TEST_CASE("a store that was begun and not finished is begun again") {
  const TempDir dir;
  std::ofstream(dir.file("jobs.sqlite.new")) << "half of it";
  std::ofstream(dir.file("jobs.sqlite.new-journal")) << "half of it";
  CHECK(text_in(options_in(dir)).empty());
  CHECK_FALSE(fs::exists(dir.file("jobs.sqlite.new")));
}

TEST_CASE("a state directory behind a symbolic link is opened") {
  const TempDir dir;
  fs::create_directory(dir.file("state"));
  fs::create_symlink(dir.file("state"), dir.file("link"));
  StoreOptions options = options_in(dir);
  options.state_dir = dir.file("link");
  CHECK(text_in(options).empty());
  CHECK(fs::exists(dir.file("state/jobs.sqlite")));
}

TEST_CASE("a network file system is refused by its name, with the way out") {
  const TempDir dir;
  StoreOptions options = options_in(dir);
  const auto check = [&](FileSystem file_system, const std::string& name) {
    options.file_system = [file_system](int) { return Result<FileSystem>(file_system); };
    check_refused(options, Errc::unsupported, "on a network file system (" + name + ")");
    check_refused(options, Errc::unsupported, "name a directory on a local disk with --state-dir");
    CHECK_FALSE(fs::exists(dir.file("jobs.sqlite")));
  };
  check({0x6969, ""}, "NFS");
  check({0xFF534D42, ""}, "CIFS");
  check({0x01021997, ""}, "9p");
  check({0x65735546, "fuse.sshfs"}, "sshfs");
  options.file_system = [](int) { return Result<FileSystem>(FileSystem{0x65735546, "fuse.fuse-overlayfs"}); };
  CHECK(SqliteStore::open(options));
}

TEST_CASE("the file system under a directory is found") {
  const UniqueFd proc{::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const auto file_system = file_system_of(proc.get());
  REQUIRE(file_system);
  CHECK(file_system->magic == 0x9FA0);
  CHECK(network_name(*file_system) == nullptr);
}

TEST_CASE("a state directory that cannot be written is refused with its name") {
  const TempDir dir;
  fill(dir);
  fs::permissions(dir.path(), fs::perms(0555));
  fs::permissions(dir.file("jobs.sqlite"), fs::perms(0444));
  // Root may write everywhere: be somebody else for a moment.
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::seteuid(65534) == 0);
  const auto store = SqliteStore::open(options_in(dir));
  if (is_root) REQUIRE(::seteuid(0) == 0);
  fs::permissions(dir.path(), fs::perms(0755));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::permission_denied);
}

TEST_CASE("a second process on the same store is told that it is in use") {
  const TempDir dir;
  const auto store = loaded(options_in(dir));
  const auto second = SqliteStore::open(options_in(dir));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::already_exists);
  CHECK(second.error().text.find("in use by another process") != std::string::npos);
}

TEST_CASE("a directory that is not there is said to be missing") {
  const TempDir dir;
  StoreOptions options = options_in(dir);
  options.state_dir = dir.file("nowhere");
  CHECK(SqliteStore::open(options).error().code == Errc::not_found);
}
