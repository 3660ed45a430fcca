// See trial_vfs.hpp.
#include "tests/support/store/trial_vfs.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

namespace jobpool::testing {

using Kind = Change::Kind;

// Lives in memory that SQLite gives; the real file stands right behind it.
struct TrialVfs::File {
  sqlite3_file base;
  TrialVfs* vfs;
  std::string* path;
  bool syncs_directory;  // a new log or journal: SQLite's own VFS syncs its directory with its first sync

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
};

TrialVfs::TrialVfs(TrialDisk& disk) : disk_(disk), real_(::sqlite3_vfs_find(nullptr)) {
  static std::atomic<int> number{0};
  name_ = "trial-" + std::to_string(++number);
  vfs_ = *real_;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.xOpen = &TrialVfs::open;
  vfs_.xDelete = &TrialVfs::remove;
  // The others are the real one's: they get this struct, and use of it only what was copied.
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return self(vfs).real_->xFullPathname(self(vfs).real_, name, size, out);
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return self(vfs).real_->xAccess(self(vfs).real_, name, flags, out);
  };
  ::sqlite3_vfs_register(&vfs_, 0);
}

TrialVfs::~TrialVfs() { ::sqlite3_vfs_unregister(&vfs_); }

int TrialVfs::admit(Change change, int failure) {
  const int number = disk_.admit(std::move(change));
  if (number == 0) return SQLITE_OK;
  errno = refused_ = number;
  return number == ENOSPC && failure == SQLITE_IOERR_WRITE ? SQLITE_FULL : failure;
}

int TrialVfs::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  TrialVfs& shim = self(vfs);
  File& file = *new (base) File{{nullptr}, &shim, nullptr, false};
  const bool is_new = name != nullptr && ::access(name, F_OK) != 0;
  if (is_new && (flags & SQLITE_OPEN_CREATE) != 0) {
    if (shim.admit({Kind::create, shim.disk_.within(name), 0, ""}, SQLITE_CANTOPEN) != SQLITE_OK) return SQLITE_CANTOPEN;
  }
  const int code = shim.real_->xOpen(shim.real_, name, file.real(), flags, out_flags);
  if (file.real()->pMethods == nullptr) return code;
  file.path = new std::string(name == nullptr ? "" : shim.disk_.within(name));
  file.syncs_directory = is_new && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  file.base.pMethods = &methods();
  return code;
}

int TrialVfs::remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  TrialVfs& shim = self(vfs);
  const std::string path = shim.disk_.within(name);
  if (::access(name, F_OK) != 0) return SQLITE_IOERR_DELETE_NOENT;
  if (const int code = shim.admit({Kind::remove, path, 0, ""}, SQLITE_IOERR_DELETE)) return code;
  if (const int code = shim.real_->xDelete(shim.real_, name, 0)) return code;
  return sync_directory != 0 ? shim.admit({Kind::sync_directory, "", 0, ""}, SQLITE_IOERR_DIR_FSYNC) : SQLITE_OK;
}

const sqlite3_io_methods& TrialVfs::methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods all{};
    all.iVersion = 1;  // neither shared memory nor mapped pages: whatever is written comes by xWrite
    all.xClose = [](sqlite3_file* file) {
      const int code = File::of(file).real()->pMethods->xClose(File::of(file).real());
      delete File::of(file).path;
      return code;
    };
    all.xRead = [](sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
      return File::of(file).real()->pMethods->xRead(File::of(file).real(), out, size, offset);
    };
    all.xWrite = [](sqlite3_file* base, const void* bytes, int size, sqlite3_int64 offset) {
      File& file = File::of(base);
      Change change{Kind::write, *file.path, offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))};
      if (const int code = file.vfs->admit(std::move(change), SQLITE_IOERR_WRITE)) return code;
      return file.real()->pMethods->xWrite(file.real(), bytes, size, offset);
    };
    all.xTruncate = [](sqlite3_file* base, sqlite3_int64 size) {
      File& file = File::of(base);
      if (const int code = file.vfs->admit({Kind::truncate, *file.path, size, ""}, SQLITE_IOERR_TRUNCATE)) return code;
      return file.real()->pMethods->xTruncate(file.real(), size);
    };
    // Written down, and not done: the real disk keeps its power, and tests stay quick.
    all.xSync = [](sqlite3_file* base, int) {
      File& file = File::of(base);
      if (const int code = file.vfs->admit({Kind::sync, *file.path, 0, ""}, SQLITE_IOERR_FSYNC)) return code;
      if (!std::exchange(file.syncs_directory, false)) return SQLITE_OK;
      return file.vfs->admit({Kind::sync_directory, "", 0, ""}, SQLITE_IOERR_DIR_FSYNC);
    };
    all.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
      return File::of(file).real()->pMethods->xFileSize(File::of(file).real(), size);
    };
    all.xLock = [](sqlite3_file* file, int level) { return File::of(file).real()->pMethods->xLock(File::of(file).real(), level); };
    all.xUnlock = [](sqlite3_file* file, int level) { return File::of(file).real()->pMethods->xUnlock(File::of(file).real(), level); };
    all.xCheckReservedLock = [](sqlite3_file* file, int* out) {
      return File::of(file).real()->pMethods->xCheckReservedLock(File::of(file).real(), out);
    };
    all.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
      if (operation == SQLITE_FCNTL_LAST_ERRNO) {
        *static_cast<int*>(argument) = File::of(file).vfs->refused_;
        return SQLITE_OK;
      }
      return File::of(file).real()->pMethods->xFileControl(File::of(file).real(), operation, argument);
    };
    all.xSectorSize = [](sqlite3_file* file) { return File::of(file).real()->pMethods->xSectorSize(File::of(file).real()); };
    all.xDeviceCharacteristics = [](sqlite3_file* file) {
      return File::of(file).real()->pMethods->xDeviceCharacteristics(File::of(file).real());
    };
    return all;
  }();
  return methods;
}

}  // namespace jobpool::testing
