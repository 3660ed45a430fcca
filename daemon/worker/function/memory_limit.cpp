// Setting the limit, and looking how near it is; see the header.
#include "daemon/worker/function/memory_limit.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace jobpool::worker {
namespace {

constexpr int kDataField = 5;  // of /proc/self/statm, from 0: data and stack, in pages

}  // namespace

Result<void> MemoryLimit::set(std::uint64_t bytes) {
  if (bytes == 0) return {};
  usage_.reset(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!usage_) return errno_error("/proc/self/statm");
  base_ = used();
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(base_ + bytes, limit.rlim_max);
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) return errno_error("the pool's memory limit");
  bytes_ = bytes;
  return {};
}

std::uint64_t MemoryLimit::used() const {
  char text[128];
  const ssize_t size = ::pread(usage_.get(), text, sizeof text, 0);
  std::string_view rest(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  for (int field = 0; field < kDataField; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  std::uint64_t pages = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool MemoryLimit::is_nearly_reached() const { return bytes_ > 0 && used() > base_ + bytes_ - bytes_ / 8; }

}  // namespace jobpool::worker
