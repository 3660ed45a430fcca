// See store_use.hpp.
#include "daemon/broker/store/store_use.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

namespace jobpool::broker {
namespace {

std::int64_t size_of_file(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 ? about.st_size : 0;
}

}  // namespace

StoreUse store_use(const std::string& state_dir) {
  StoreUse use;
  use.database_bytes = size_of_file(state_dir + "/jobs.sqlite");
  use.log_bytes = size_of_file(state_dir + "/jobs.sqlite-wal");
  use.queues_bytes = size_of_file(state_dir + "/queues.log");
  struct statvfs disk {};
  if (::statvfs(state_dir.c_str(), &disk) == 0) use.free_bytes = static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize);
  return use;
}

}  // namespace jobpool::broker
