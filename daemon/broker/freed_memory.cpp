// See freed_memory.hpp. glibc's own rule (a threshold that follows the largest block that was ever freed) neither keeps enough while
// several large blocks come and go, nor ever gives back what it kept.
#include "daemon/broker/freed_memory.hpp"

#include <malloc.h>

namespace jobpool::broker {
namespace {

constexpr int kMiB = 1024 * 1024;
// While it is kept: all blocks come from the heap (32 MiB are the most that can be asked for), which shrinks only when so much is free.
constexpr int kLargestInHeap = 32 * kMiB, kKeptBytes = 128 * kMiB;
// Else: as glibc's rule has it where replies of a megabyte are the largest blocks.
constexpr int kUsuallyInHeap = 1 * kMiB, kUsuallyKept = 2 * kMiB;

}  // namespace

void FreedMemory::keep() {
  if (is_kept_) return;
  is_kept_ = true;
  ::mallopt(M_MMAP_THRESHOLD, kLargestInHeap);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

void FreedMemory::give_back() {
  if (!is_kept_) return;
  is_kept_ = false;
  ::mallopt(M_MMAP_THRESHOLD, kUsuallyInHeap);
  ::mallopt(M_TRIM_THRESHOLD, kUsuallyKept);
  ::malloc_trim(0);
}

}  // namespace jobpool::broker
