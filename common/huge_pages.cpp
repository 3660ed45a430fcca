// See huge_pages.hpp.
#include "common/huge_pages.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

namespace jobpool {

void prefer_huge_pages(void* begin, std::size_t size) {
  constexpr std::uintptr_t kHugePage = 2 * 1024 * 1024;  // on x86-64 and with 4 KiB pages elsewhere; else a multiple of the page at least
  if (size < kHugePagesFrom) return;
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (address + kHugePage - 1) / kHugePage * kHugePage, end = (address + size) / kHugePage * kHugePage;
  if (first >= end) return;
  const int error = errno;
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
  errno = error;
}

}  // namespace jobpool
