// The heap of a broker that knows very many jobs grows by many pages at once, huge ones where the kernel has them (`madvise` or `always`):
// a page of 4 KiB has room for six jobs, and its first touch costs up to 20 µs (where the host must be told of it), a quarter of all that a
// durable submission does. A broker of few jobs has ordinary pages, and as few as it needs. Broker process, its one thread.
#pragma once

#include <cstddef>

namespace jobpool::broker {

class LargeHeap {
 public:
  static constexpr std::size_t kFrom = 16 * 1024 * 1024;  // bytes of the heap; below, nothing is done
  // What is added at once: what is left of a huge page at each end of it has small ones. That much more than is used may stay, untouched or
  // free.
  static constexpr std::size_t kStep = 16 * 1024 * 1024;

  // The heap begins about here.
  LargeHeap();

  // After what may have made it grow, every turn: a comparison, most of the time.
  void look();

 private:
  char* const begin_;
  char* seen_;                // its end
  char* huge_from_;           // what is behind it was not said to be large
  bool is_stepping_ = false;  // it grows by kStep
};

}  // namespace jobpool::broker
