// Writes that follow each other reach the disk as one, and nobody who looks at the file can tell.
#include "daemon/broker/store/coalescing_vfs.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/seed.hpp"
#include "tests/support/store/trial_disk.hpp"
#include "tests/unit/broker/store/store_setup.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

using Kind = Change::Kind;

// A file as SQLite has one.
class VfsFile {
 public:
  VfsFile(const CoalescingVfs& coalescing, const std::string& path) : name_(::sqlite3_create_filename(path.c_str(), "", "", 0, nullptr)) {
    sqlite3_vfs* const vfs = ::sqlite3_vfs_find(coalescing.name().c_str());
    REQUIRE(vfs != nullptr);
    memory_.resize(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;
    REQUIRE(vfs->xOpen(vfs, name_, get(), flags, &flags) == SQLITE_OK);
  }
  ~VfsFile() {
    get()->pMethods->xClose(get());
    ::sqlite3_free_filename(name_);
  }
  int write(std::string_view bytes, std::size_t at) {
    return get()->pMethods->xWrite(get(), bytes.data(), static_cast<int>(bytes.size()), static_cast<sqlite3_int64>(at));
  }
  std::string read(std::size_t size, std::size_t at) {
    std::string bytes(size, '?');
    const int code = get()->pMethods->xRead(get(), bytes.data(), static_cast<int>(size), static_cast<sqlite3_int64>(at));
    return code == SQLITE_OK ? bytes : "error " + std::to_string(code);
  }
  int truncate(std::size_t size) { return get()->pMethods->xTruncate(get(), static_cast<sqlite3_int64>(size)); }
  int sync() { return get()->pMethods->xSync(get(), SQLITE_SYNC_NORMAL); }
  std::size_t size() {
    sqlite3_int64 size = -1;
    REQUIRE(get()->pMethods->xFileSize(get(), &size) == SQLITE_OK);
    return static_cast<std::size_t>(size);
  }

 private:
  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  const char* const name_;  // sqlite3_filename
  std::vector<std::max_align_t> memory_;
};

std::string bytes_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t writes_in(const TrialDisk& disk) {
  const auto changes = disk.changes();
  return std::count_if(changes.begin(), changes.end(), [](const Change& change) { return change.kind == Kind::write; });
}

}  // namespace

TEST_CASE("whatever is written, read, cut and asked, a file is as if each write had been made at once") {
  const unsigned seed = any_seed();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const TempDir dir(TempDir::On::memory);
  const CoalescingVfs vfs("");
  std::string model;
  {
    VfsFile file(vfs, dir.file("data"));
    std::size_t end_of_last = 0;
    for (int step = 0; step < 5'000; ++step) {
      const unsigned what = random() % 100;
      if (what < 80) {
        const std::size_t at = what < 60 ? end_of_last : random() % (model.size() + 1);
        const std::string bytes(random() % (step % 100 == 0 ? 100'000 : 5'000) + 1, static_cast<char>('a' + step % 26));
        REQUIRE(file.write(bytes, at) == SQLITE_OK);
        if (model.size() < at + bytes.size()) model.resize(at + bytes.size());
        model.replace(at, bytes.size(), bytes);
        end_of_last = at + bytes.size();
      } else if (what < 90 && !model.empty()) {
        const std::size_t at = random() % model.size();
        const std::size_t size = std::min<std::size_t>(model.size() - at, random() % 10'000 + 1);
        REQUIRE(file.read(size, at) == model.substr(at, size));
      } else if (what < 94) {
        REQUIRE(file.size() == model.size());
      } else if (what < 98) {
        REQUIRE(file.sync() == SQLITE_OK);
        REQUIRE(bytes_in(dir.file("data")) == model);
      } else {
        model.resize(random() % (model.size() + 1));
        REQUIRE(file.truncate(model.size()) == SQLITE_OK);
        end_of_last = std::min(end_of_last, model.size());
      }
    }
  }
  CHECK(bytes_in(dir.file("data")) == model);
}

TEST_CASE("writes that follow each other are one, and a gap begins another") {
  const TempDir dir(TempDir::On::memory);
  const TrialDisk disk(dir.path());
  const CoalescingVfs vfs(disk.options().vfs);
  VfsFile file(vfs, dir.file("data"));
  for (std::size_t page = 0; page < 8; ++page) REQUIRE(file.write(std::string(1'000, 'x'), page * 1'000) == SQLITE_OK);
  CHECK(writes_in(disk) == 0);
  REQUIRE(file.write("y", 9'000) == SQLITE_OK);
  CHECK(writes_in(disk) == 1);
  REQUIRE(file.sync() == SQLITE_OK);
  CHECK(writes_in(disk) == 2);
  REQUIRE(file.sync() == SQLITE_OK);
  CHECK(writes_in(disk) == 2);
}

TEST_CASE("a write that fails is told by the sync, once, and nothing of it comes later") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_full{true};
  disk.fault = [&](const Change& change) { return is_full && change.kind == Kind::write ? ENOSPC : 0; };
  const CoalescingVfs vfs(disk.options().vfs);
  VfsFile file(vfs, dir.file("data"));
  REQUIRE(file.write("lost", 0) == SQLITE_OK);
  CHECK(file.sync() == SQLITE_FULL);
  is_full = false;
  CHECK(file.sync() == SQLITE_OK);
  CHECK(file.size() == 0);
}

TEST_CASE("a commit is one write to the log, however many pages it has") {
  const TempDir dir(TempDir::On::memory);
  const TrialDisk disk(dir.path());
  StoreOptions options = disk.options();
  options.idle = std::chrono::minutes(10);
  const auto store = loaded(options);
  commit(*store, {job(1)});  // the log is begun
  StoreBatch batch;
  for (std::uint64_t id = 2; id < 202; ++id) batch.emplace_back(job(id));
  const auto before = writes_in(disk);
  commit(*store, std::move(batch));
  CHECK(writes_in(disk) == before + 1);
}

TEST_CASE("a VFS over one that is not there is not there either") {
  const CoalescingVfs vfs("nobody");
  CHECK(::sqlite3_vfs_find(vfs.name().c_str()) == nullptr);
}
