// See heap.hpp. glibc's heap is what lies before the program break, which it moves. Its own rules (thresholds that follow the largest block
// that was ever freed) neither keep enough while several large blocks come and go, nor ever give back what they kept; its own way to huge
// pages, the tunable glibc.malloc.hugetlb, is for whole programs from their start.
#include "daemon/broker/heap.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "common/huge_pages.hpp"

namespace jobpool::broker {
namespace {

constexpr int kMiB = 1024 * 1024;
// While freed memory is kept: all blocks come from the heap (32 MiB are the most that can be asked for), which shrinks only when so much is
// free.
constexpr int kLargestInHeap = 32 * kMiB, kKeptBytes = 128 * kMiB;
// Else: as glibc's rule has it where replies of a megabyte are the largest blocks.
constexpr int kUsuallyInHeap = 1 * kMiB, kUsuallyKept = 2 * kMiB;
constexpr int kUsualStep = 128 * 1024;  // glibc's
constexpr std::uintptr_t kHugePage = 2 * kMiB;

char* end_of_heap() { return static_cast<char*>(::sbrk(0)); }

}  // namespace

Heap::Heap() : begin_(end_of_heap()), seen_(begin_), huge_from_(begin_ + kLarge) {}

void Heap::set_limits() const {
  const int step = is_stepping_ ? static_cast<int>(kStep) : kUsualStep;
  ::mallopt(M_TOP_PAD, step);
  ::mallopt(M_MMAP_THRESHOLD, keeps_freed_ ? kLargestInHeap : kUsuallyInHeap);
  ::mallopt(M_TRIM_THRESHOLD, keeps_freed_ ? kKeptBytes : kUsuallyKept + step);
}

void Heap::look() {
  char* const end = end_of_heap();
  if (end == seen_) return;
  const bool has_grown = end > seen_;
  seen_ = end;
  huge_from_ = std::min(huge_from_, std::max(end, begin_ + kLarge));  // what was given back comes anew
  if (!has_grown || end < begin_ + kLarge) return;
  quiet_calls_ = 0;
  if (!is_stepping_) {
    is_stepping_ = true;
    set_limits();
  }
  if (static_cast<std::size_t>(end - huge_from_) < kHugePagesFrom) return;
  prefer_huge_pages(huge_from_, static_cast<std::size_t>(end - huge_from_));
  huge_from_ = end - reinterpret_cast<std::uintptr_t>(end) % kHugePage;  // what is left of one is said with the next step
}

void Heap::keep_freed() {
  if (keeps_freed_) return;
  keeps_freed_ = true;
  set_limits();
}

void Heap::give_back_freed() {
  if (!keeps_freed_) return;
  keeps_freed_ = false;
  set_limits();
  ::malloc_trim(0);
}

void Heap::rest() {
  look();
  if (!is_stepping_ || ++quiet_calls_ < kPatience) return;
  is_stepping_ = false;
  set_limits();
  if (!keeps_freed_) ::malloc_trim(0);
  look();
}

}  // namespace jobpool::broker
