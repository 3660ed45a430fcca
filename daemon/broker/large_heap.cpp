// See large_heap.hpp. glibc's heap is what lies before the program break, which it moves. (Its own way to huge pages, the tunable
// glibc.malloc.hugetlb, is for whole programs from their start.)
#include "daemon/broker/large_heap.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "common/huge_pages.hpp"

namespace jobpool::broker {
namespace {

constexpr std::uintptr_t kHugePage = 2 * 1024 * 1024;

char* end_of_heap() { return static_cast<char*>(::sbrk(0)); }

}  // namespace

LargeHeap::LargeHeap() : begin_(end_of_heap()), seen_(begin_), huge_from_(begin_ + kFrom) {}

void LargeHeap::look() {
  char* const end = end_of_heap();
  if (end == seen_) return;
  seen_ = end;
  huge_from_ = std::min(huge_from_, std::max(end, begin_ + kFrom));  // what was given back comes anew
  if (end < begin_ + kFrom) return;
  if (!is_stepping_) is_stepping_ = ::mallopt(M_TOP_PAD, kStep) == 1;
  if (static_cast<std::size_t>(end - huge_from_) < kHugePagesFrom) return;
  prefer_huge_pages(huge_from_, static_cast<std::size_t>(end - huge_from_));
  huge_from_ = end - reinterpret_cast<std::uintptr_t>(end) % kHugePage;  // what is left of one is said with the next step
}

}  // namespace jobpool::broker
