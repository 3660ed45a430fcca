// See coalescing_vfs.hpp.
#include "daemon/broker/store/coalescing_vfs.hpp"

#include <atomic>
#include <new>

namespace jobpool::broker {

// Lives in memory that SQLite gives; the base's file stands right behind it.
struct CoalescingVfs::File {
  sqlite3_file base;
  std::string* waiting;  // bytes that are not written
  sqlite3_int64 at;      // where the first of them belongs

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& calls() { return *real()->pMethods; }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  bool is_followed_by(int size, sqlite3_int64 offset) const {
    return offset == at + static_cast<sqlite3_int64>(waiting->size()) && waiting->size() + static_cast<std::size_t>(size) <= kMostBytes;
  }
  int flush() {
    if (waiting->empty()) return SQLITE_OK;
    const int code = calls().xWrite(real(), waiting->data(), static_cast<int>(waiting->size()), at);
    waiting->clear();
    return code;
  }
  int write(const void* bytes, int size, sqlite3_int64 offset) {
    if (!is_followed_by(size, offset)) {
      if (const int code = flush(); code != SQLITE_OK) return code;
      at = offset;
    }
    if (static_cast<std::size_t>(size) > kMostBytes) return calls().xWrite(real(), bytes, size, offset);
    waiting->append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  // A call of the base's, after what waits.
  template <class... Parameters, class... Arguments>
  int after_flush(int (*call)(sqlite3_file*, Parameters...), Arguments... arguments) {
    const int code = flush();
    return code == SQLITE_OK ? call(real(), arguments...) : code;
  }
  int close() {
    static_cast<void>(flush());  // nobody has synced it: nothing was promised
    delete waiting;
    return calls().xClose(real());
  }
};

CoalescingVfs::CoalescingVfs(const std::string& base) : base_(::sqlite3_vfs_find(base.empty() ? nullptr : base.c_str())), name_(base) {
  if (base_ == nullptr) return;
  static std::atomic<int> number{0};
  name_ = std::string(base_->zName) + "-coalescing-" + std::to_string(++number);
  vfs_ = *base_;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
  vfs_.xOpen = &CoalescingVfs::open;
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* name, int sync) { return self(vfs).base_->xDelete(self(vfs).base_, name, sync); };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return self(vfs).base_->xAccess(self(vfs).base_, name, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return self(vfs).base_->xFullPathname(self(vfs).base_, name, size, out);
  };
  // The others are the base's: they make no use of the struct that they get.
  ::sqlite3_vfs_register(&vfs_, 0);
}

CoalescingVfs::~CoalescingVfs() {
  if (base_ != nullptr) ::sqlite3_vfs_unregister(&vfs_);
}

int CoalescingVfs::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  sqlite3_vfs* const real = self(vfs).base_;
  File& file = *new (base) File{{nullptr}, nullptr, 0};
  const int code = real->xOpen(real, name, file.real(), flags, out_flags);
  if (file.real()->pMethods == nullptr) return code;
  file.waiting = new std::string;
  file.base.pMethods = &methods();
  return code;
}

const sqlite3_io_methods& CoalescingVfs::methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods all{};
    all.iVersion = 1;  // neither shared memory nor mapped pages, past which nothing would wait
    all.xClose = [](sqlite3_file* file) { return File::of(file).close(); };
    all.xWrite = [](sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
      return File::of(file).write(bytes, size, offset);
    };
    all.xRead = [](sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
      return File::of(file).after_flush(File::of(file).calls().xRead, out, size, offset);
    };
    all.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
      return File::of(file).after_flush(File::of(file).calls().xTruncate, size);
    };
    all.xSync = [](sqlite3_file* file, int flags) { return File::of(file).after_flush(File::of(file).calls().xSync, flags); };
    all.xFileSize = [](sqlite3_file* file, sqlite3_int64* out) {
      return File::of(file).after_flush(File::of(file).calls().xFileSize, out);
    };
    all.xLock = [](sqlite3_file* file, int level) { return File::of(file).calls().xLock(File::of(file).real(), level); };
    all.xUnlock = [](sqlite3_file* file, int level) { return File::of(file).calls().xUnlock(File::of(file).real(), level); };
    all.xCheckReservedLock = [](sqlite3_file* file, int* out) {
      return File::of(file).calls().xCheckReservedLock(File::of(file).real(), out);
    };
    all.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
      return File::of(file).calls().xFileControl(File::of(file).real(), operation, argument);
    };
    all.xSectorSize = [](sqlite3_file* file) { return File::of(file).calls().xSectorSize(File::of(file).real()); };
    all.xDeviceCharacteristics = [](sqlite3_file* file) { return File::of(file).calls().xDeviceCharacteristics(File::of(file).real()); };
    return all;
  }();
  return methods;
}

}  // namespace jobpool::broker
